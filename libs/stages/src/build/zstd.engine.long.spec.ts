// Takes 18 s.
import { execFile } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { nodeWithZstd } from '@excel2doc/oci/testing/newer-node';
import { realRegistry } from '@excel2doc/oci/testing/registry';
import { repositoryAt } from '@excel2doc/oci/testing/repository';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Step, StepName } from '../testing/run-step';
import { StagedWorkspace } from '../testing/staged';

const STAGES = ['builder', 'deps', 'runner'];
const ZSTD = 'application/vnd.oci.image.layer.v1.tar+zstd';

let workspace: StagedWorkspace;

beforeAll(async () => {
  workspace = await StagedWorkspace.make();
});

afterAll(() => workspace.remove());

/** A step by a Node that has zstd. */
function run(name: StepName, given: Partial<Step> = {}): Promise<string> {
  const script = join(__dirname, '../testing/run-step.ts');
  const args = ['--import', 'tsx', script, JSON.stringify(workspace.step(name, given))];
  return new Promise((resolve, reject) => {
    execFile(nodeWithZstd(), args, { cwd: __dirname }, (error, out, errors) =>
      error ? reject(new Error(`${out}\n${errors}`)) : resolve(out),
    );
  });
}

async function build(): Promise<void> {
  await run('plan', { rest: { compression: 'zstd' } });
  for (const stage of STAGES) await run('stage', { stage });
}

const load = () => run('load', { stage: 'runner' });

const planText = (stage: string) =>
  readFile(join(workspace.root, `dist/app/docker/plan/${stage}.json`), 'utf8');

const output = () => workspace.output();

test('an image with zstd layers runs, comes out the same again, and has a key of its own', async () => {
  await workspace.plan();
  const gzipPlans = await Promise.all(STAGES.map(planText));
  await build();
  for (const [at, stage] of STAGES.entries()) {
    expect(await planText(stage)).not.toBe(gzipPlans[at]);
    const own = (await workspace.record(stage)).layers.filter(({ from }) => from === 'self');
    expect(own.length).toBeGreaterThan(0);
    expect(new Set(own.map(({ mediaType }) => mediaType))).toEqual(new Set([ZSTD]));
  }
  // What COPY takes whole is the exported layer itself.
  const [exported] = (await workspace.record('builder')).layers;
  expect((await workspace.record('deps')).layers.map(({ digest }) => digest)).toContain(
    exported!.digest,
  );
  await load();
  const { digest, configDigest } = await workspace.record('runner');
  const { engine } = workspace;
  expect(await workspace.loaded()).toBe(engine.store === 'containerd' ? digest : configDigest);
  expect(await output()).toBe('one\n');

  // Of other layers on the same ones: a thin load.
  await workspace.write('app/main.sh', 'echo two; cat /etc/installed');
  await build();
  expect(await load()).toContain('thin');
  expect(await output()).toBe('two\ninstalled\n');
  await workspace.write('app/main.sh', 'echo one');
  await rm(join(workspace.root, 'dist'), { recursive: true });
  await build();
  expect((await workspace.record('runner')).digest).toBe(digest);

  const where = await realRegistry();
  const repository = `${where}/app`;
  await run('push', { stage: 'runner', repository });
  const pushed = await repositoryAt(repository).getManifest(digest);
  expect(pushed?.bytes.toString()).toContain(ZSTD);
}, 600_000);

test('on a Node without zstd the plan says in one line what to do', async ({ skip }) => {
  skip(process.versions['zstd'] !== undefined, 'this Node has zstd');
  const { success, text } = await workspace.plan({ compression: 'zstd' });
  expect(success).toBe(false);
  expect(text).toContain(`Node ${process.versions.node} has no zstd`);
  expect(text).toContain('Node 22.15');
});
