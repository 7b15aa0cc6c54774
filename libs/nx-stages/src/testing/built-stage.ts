import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ExecutorContext } from '@nx/devkit';
import { PLAN_FORMAT } from '@excel2doc/dockerfile';
import { type ImageRecord, readBaseImage, thinImage } from '@excel2doc/oci';
import { writeFullLayout } from '@excel2doc/oci/testing/images';
import { file } from '@excel2doc/oci/testing/trees';
import { onTestFinished, vi } from 'vitest';
import dockerPush from '../executors/docker-push/executor';

/** A workspace in which the stage `runner` of `app` is built, and what pushes it. */
export async function builtStage(platforms: string[]) {
  const root = await mkdtemp(join(tmpdir(), 'docker-push-'));
  onTestFinished(() => rm(root, { recursive: true }));
  const write = async (path: string, value: object) => {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), JSON.stringify(value));
  };
  const records: ImageRecord[] = [];
  const local: Record<string, object> = {};
  const plans: object[] = [];
  for (const platform of platforms) {
    const name = platform.replace('/', '-');
    const [base, full] = [join(root, 'base', name), join(root, 'full', name)];
    await writeFullLayout(base, { layers: [[file('a', 'a')]], platform });
    await writeFullLayout(full, { layers: [[file('a', 'a')], [file('b', platform)]], platform });
    const known = await readBaseImage(base, platform, 'base:1');
    const outputDir = join(root, 'dist/app/docker/runner', name);
    records.push(await thinImage({ layoutDir: full, outputDir, base: known, platform }));
    const digest = known.reference.kind === 'image' ? known.reference.digest : '';
    local[platform] = { digest, layoutDir: base, tag: 'stand-in' };
    const read = {
      path: 'main.py',
      type: 'file',
      mode: '0644',
      digest: `sha256:${'1'.repeat(64)}`,
    };
    const from = { kind: 'image', reference: 'base:1', digest };
    plans.push({ platform, base: from, stages: [], images: [], files: [read] });
  }
  await write('images.local.json', { format: 1, images: { 'base:1': local } });
  const plan = { format: PLAN_FORMAT, stage: 'runner', platforms: plans };
  await write('dist/app/docker/plan/runner.json', plan);
  await write('dist/app/docker/runner/plan.json', plan);
  return { root, records, push: pushIn(root) };
}

/** Runs docker-push in a workspace; what it said, refusals included. */
export function pushIn(root: string) {
  const context = {
    root,
    projectName: 'app',
    projectsConfigurations: { projects: { app: { root: 'app' } } },
  } as unknown as ExecutorContext;
  return async (rest: object) => {
    const said = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    const refused = vi.spyOn(console, 'error').mockReturnValue();
    const options = { dockerfile: 'Dockerfile', context: '.', lockFile: 'lock.json' };
    const named = { ...options, stage: 'runner', image: 'team/app' };
    const { success } = await dockerPush({ ...named, ...rest }, context);
    const text = [...said.mock.calls, ...refused.mock.calls.map((line) => `${line.join(' ')}\n`)];
    said.mockRestore();
    refused.mockRestore();
    return { success, text: text.join('') };
  };
}
