import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ExecutorContext } from '@nx/devkit';
import { PLAN_FORMAT } from '@excel2doc/dockerfile';
import {
  type ImageConfig,
  type ImageRecord,
  type Index,
  type Manifest,
  readBaseImage,
  readJsonBlob,
  referrers,
  thinImage,
} from '@excel2doc/oci';
import { writeFullLayout } from '@excel2doc/oci/testing/images';
import { realRegistry } from '@excel2doc/oci/testing/registry';
import { repositoryAt } from '@excel2doc/oci/testing/repository';
import { file } from '@excel2doc/oci/testing/trees';
import { expect, onTestFinished, test, vi } from 'vitest';
import dockerPush from './executor';

/** A workspace in which the stage `runner` of `app` is built. */
async function built(platforms: string[]) {
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
    plans.push({ platform, base: { kind: 'image' }, stages: [], files: [read] });
  }
  await write('images.local.json', { format: 1, images: { 'base:1': local } });
  const plan = { format: PLAN_FORMAT, stage: 'runner', platforms: plans };
  await write('dist/app/docker/plan/runner.json', plan);
  await write('dist/app/docker/runner/plan.json', plan);
  const context = {
    root,
    projectName: 'app',
    projectsConfigurations: { projects: { app: { root: 'app' } } },
  } as unknown as ExecutorContext;
  const push = async (rest: object) => {
    const said = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    const options = { dockerfile: 'Dockerfile', context: '.', lockFile: 'lock.json' };
    const named = { ...options, stage: 'runner', image: 'team/app' };
    const { success } = await dockerPush({ ...named, ...rest }, context);
    const text = said.mock.calls.join('');
    said.mockRestore();
    return { success, text };
  };
  return { records, push };
}

test('one platform: tagged as in the engine, with its SBOM; the second push sends nothing', async () => {
  const repository = repositoryAt(`${await realRegistry()}/team/app`);
  const { records, push } = await built(['linux/amd64']);
  const { digest } = records[0]!;
  const first = await push({ repository: repository.name });
  expect(first).toMatchObject({ success: true });
  expect(first.text).toContain('linux/amd64: 3 blobs sent');
  for (const tag of ['dev', digest.slice(7, 19)])
    expect(await repository.resolve(tag)).toBe(digest);
  const [sbom] = await referrers(repository, digest);
  expect(sbom?.artifactType).toBe('application/spdx+json');
  const again = await push({ repository: repository.name });
  expect(again.text).toContain('0 blobs sent (0 B), 0 mounted, 3 there already');
  expect(await referrers(repository, digest)).toEqual([sbom]);
});

test('several platforms become one index; without an SBOM nothing refers to them', async () => {
  const repository = repositoryAt(`${await realRegistry()}/team/app`);
  const { records, push } = await built(['linux/amd64', 'linux/arm64']);
  expect(await push({ repository: repository.name, tag: 'v1', sbom: false })).toMatchObject({
    success: true,
  });
  const found = await repository.getManifest('v1');
  const { manifests } = JSON.parse(found!.bytes.toString()) as Index;
  expect(manifests.map(({ digest }) => digest)).toEqual(records.map(({ digest }) => digest));
  const { digest } = found!.descriptor;
  expect(await repository.resolve(digest.slice(7, 19))).toBe(digest);
  expect(await referrers(repository, records[0]!.digest)).toEqual([]);
});

test('labels and annotations are in what is pushed: of the image, of the index, of its descriptors', async () => {
  const repository = repositoryAt(`${await realRegistry()}/team/app`);
  const { records, push } = await built(['linux/amd64', 'linux/arm64']);
  const before = records.map(({ digest }) => digest);
  const labels = ['org.opencontainers.image.vendor=Acme'];
  const annotations = ['manifest,index:a=1', 'manifest-descriptor[linux/arm64]:b=2'];
  const said = { tag: 'v1', sbom: false, labels, annotations };
  expect(await push({ repository: repository.name, ...said })).toMatchObject({ success: true });
  const read = async (reference: string) =>
    JSON.parse((await repository.getManifest(reference))!.bytes.toString()) as Index & Manifest;
  const index = await read('v1');
  expect(index.annotations).toEqual({ a: '1' });
  expect(index.manifests.map((each) => each.annotations)).toEqual([undefined, { b: '2' }]);
  for (const { digest } of index.manifests) {
    expect(before).not.toContain(digest);
    const manifest = await read(digest);
    expect(manifest.annotations).toEqual({ a: '1' });
    const config = await readJsonBlob<ImageConfig>(repository, manifest.config.digest);
    expect(config.config?.Labels).toEqual({ 'org.opencontainers.image.vendor': 'Acme' });
  }
  const one = await push({ repository: repository.name, ...said, platforms: ['linux/amd64'] });
  expect(one).toMatchObject({ success: true });
  expect(one.text).toContain('0 blobs sent');
});

test('an annotation that stands nowhere is named, and so is a label that nobody knows', async () => {
  const repository = repositoryAt(`${await realRegistry()}/team/app`);
  const { push } = await built(['linux/amd64']);
  const said = { annotations: ['index:a=1'], labels: ['oci'], platforms: ['linux/amd64'] };
  const { success, text } = await push({ repository: repository.name, sbom: false, ...said });
  expect(text).toSatisfy(() => success);
  expect(text).toContain('annotations: a is left out: an image for linux/amd64 has no index');
  expect(text).toContain('org.opencontainers.image.revision is left out: there is no commit');
});

test('NX_STAGES_REGISTRY names the registry where no option does', async () => {
  const registry = await realRegistry();
  const { records, push } = await built(['linux/amd64']);
  vi.stubEnv('NX_STAGES_REGISTRY', `${registry}/ci`);
  onTestFinished(() => void vi.unstubAllEnvs());
  expect(await push({ sbom: false })).toMatchObject({ success: true });
  const repository = repositoryAt(`${registry}/ci/team/app`);
  expect(await repository.resolve('dev')).toBe(records[0]!.digest);
});

test('without a repository says which options name one', async () => {
  const { push } = await built(['linux/amd64']);
  const said = vi.spyOn(console, 'error').mockReturnValue();
  expect(await push({})).toMatchObject({ success: false });
  expect(said.mock.calls[0]?.[0]).toContain('--repository=HOST/NAME');
  said.mockRestore();
});
