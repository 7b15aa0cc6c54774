import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type ImageConfig,
  type ImageRecord,
  type Index,
  type Manifest,
  readJsonBlob,
  referrers,
} from '@excel2doc/oci';
import { realRegistry } from '@excel2doc/oci/testing/registry';
import { repositoryAt } from '@excel2doc/oci/testing/repository';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { checkPushed } from '../../shards/check-pushed';
import type { PlanFile } from '../../shards/plan-file';
import { builtStage } from '../../testing/built-stage';

test('one platform: tagged as in the engine, with its SBOM; the second push sends nothing', async () => {
  const repository = repositoryAt(`${await realRegistry()}/team/app`);
  const { records, push } = await builtStage(['linux/amd64']);
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
  const { records, push } = await builtStage(['linux/amd64', 'linux/arm64']);
  expect(await push({ repository: repository.name, tag: 'v1', sbom: false })).toMatchObject({
    success: true,
  });
  const found = await repository.getManifest('v1');
  const { manifests } = JSON.parse(found!.bytes.toString()) as Index;
  expect(manifests.map(({ digest }) => digest)).toEqual(records.map(({ digest }) => digest));
  const { digest } = found!.descriptor;
  expect(await repository.resolve(digest.slice(7, 19))).toBe(digest);
  // A machine that has built one of them knows it by that one's digest.
  for (const { digest: own } of records)
    expect(await repository.resolve(own.slice(7, 19))).toBe(digest);
  expect(await referrers(repository, records[0]!.digest)).toEqual([]);
});

test('labels and annotations are in what is pushed: of the image, of the index, of its descriptors', async () => {
  const repository = repositoryAt(`${await realRegistry()}/team/app`);
  const { records, push } = await builtStage(['linux/amd64', 'linux/arm64']);
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
  const { push } = await builtStage(['linux/amd64']);
  const said = { annotations: ['index:a=1'], labels: ['oci'], platforms: ['linux/amd64'] };
  const { success, text } = await push({ repository: repository.name, sbom: false, ...said });
  expect(success, text).toBe(true);
  expect(text).toContain('annotations: a is left out: an image for linux/amd64 has no index');
  expect(text).toContain('org.opencontainers.image.revision is left out: there is no commit');
});

test('NX_STAGES_REGISTRY names the registry where no option does', async () => {
  const registry = await realRegistry();
  const { records, push } = await builtStage(['linux/amd64']);
  vi.stubEnv('NX_STAGES_REGISTRY', `${registry}/ci`);
  onTestFinished(() => void vi.unstubAllEnvs());
  expect(await push({ sbom: false })).toMatchObject({ success: true });
  const repository = repositoryAt(`${registry}/ci/team/app`);
  expect(await repository.resolve('dev')).toBe(records[0]!.digest);
});

test('without a repository says which options name one', async () => {
  const { push } = await builtStage(['linux/amd64']);
  const { success, text } = await push({});
  expect(success).toBe(false);
  expect(text).toContain('--repository=HOST/NAME');
});

describe('over several machines', () => {
  const platforms = ['linux/amd64', 'linux/arm64'];

  /** Machines that have each pushed their own platform, and one that has what they wrote down. */
  async function pushedParts(which = platforms) {
    const repository = repositoryAt(`${await realRegistry()}/team/app`);
    const joining = await builtStage([]);
    const records: ImageRecord[] = [];
    for (const platform of which) {
      const machine = await builtStage([platform]);
      records.push(...machine.records);
      const pushed = await machine.push({ repository: repository.name, parts: 'push' });
      expect(pushed).toMatchObject({ success: true });
      const written = 'dist/docker-pushed';
      await cp(join(machine.root, written), join(joining.root, written), { recursive: true });
    }
    const joinAll = (rest: object) =>
      joining.push({ repository: repository.name, parts: 'join', platforms, ...rest });
    return { repository, records, root: joining.root, join: joinAll };
  }

  test('parts have no tag until they are joined, by a machine that has built nothing', async () => {
    const { repository, records, join } = await pushedParts();
    expect(await repository.resolve('dev')).toBeNull();
    for (const { digest } of records) {
      expect(await repository.resolve(digest)).toBe(digest);
      expect(await repository.resolve(digest.slice(7, 19))).toBeNull();
    }
    const { success, text } = await join({});
    expect(success, text).toBe(true);
    expect(text).toContain('joined: linux/amd64, linux/arm64');
    const found = await repository.getManifest('dev');
    const { manifests } = JSON.parse(found!.bytes.toString()) as Index;
    expect(manifests.map(({ digest }) => digest)).toEqual(records.map(({ digest }) => digest));
    expect(manifests.map(({ platform }) => platform?.architecture)).toEqual(['amd64', 'arm64']);
  });

  test.each([{}, { labels: ['a=b'] }])(
    'with %j they are held against what shards made',
    async (said) => {
      const repository = repositoryAt(`${await realRegistry()}/team/app`);
      const { records, root, push } = await builtStage(['linux/amd64']);
      expect(await push({ repository: repository.name, parts: 'push', ...said })).toMatchObject({
        success: true,
      });
      const task = { dependsOn: [], isShareable: true, project: 'app', target: 'docker-runner', outputs: ['dist/app/docker/runner'] }; // prettier-ignore
      const plan: PlanFile = { format: 1, id: 'p', endMs: 1, lowestMs: 1, shards: [{ endMs: 1, steps: [] }], tasks: { 'app:docker-runner': task } }; // prettier-ignore
      const check = async (digest: string) => {
        const image = { stage: 'runner', platform: 'linux/amd64', digest, sizeBytes: 1, ownSizeBytes: 1 }; // prettier-ignore
        const tasks = [{ id: 'app:docker-runner', project: 'app', target: 'docker-runner', outcome: 'built', startMs: 0, durationMs: 1, images: [image] }]; // prettier-ignore
        await writeFile(join(root, 'shard-1.json'), JSON.stringify({ format: 1, plan: 'p', shard: 1, tasks })); // prettier-ignore
        const lines: string[] = [];
        const say = (line: string) => void lines.push(line);
        checkPushed({ plan, records: root, pushed: join(root, 'dist/docker-pushed'), say });
        return lines;
      };
      expect(await check(records[0]!.digest)).toEqual(['All 1 that were pushed are what the shards made']); // prettier-ignore
      await expect(check('sha256:other')).rejects.toMatchObject({ code: 'FILE_CHANGED' });
    },
  );

  test('they are what one push of all of them gives', async () => {
    const { repository, join } = await pushedParts();
    await join({});
    const apart = await repository.resolve('dev');
    const { push } = await builtStage(platforms);
    expect(await push({ repository: repository.name })).toMatchObject({ success: true });
    expect(await repository.resolve('dev')).toBe(apart);
  });

  test('a platform that nobody pushed is named, and nothing gets a tag', async () => {
    const { repository, join } = await pushedParts(['linux/amd64']);
    const { success, text } = await join({});
    expect(success).toBe(false);
    expect(text).toMatch(
      /✗ dist\/docker-pushed\/app has linux\/amd64 of runner, and not linux\/arm64/,
    );
    expect(await repository.resolve('dev')).toBeNull();
  });

  test('a part of another commit is refused', async () => {
    const { repository, root, join: joined } = await pushedParts();
    const path = join(root, 'dist/docker-pushed/app/runner.linux-arm64.json');
    const part = JSON.parse(await readFile(path, 'utf8')) as object;
    await writeFile(path, JSON.stringify({ ...part, commit: 'deadbeef0123' }));
    const { success, text } = await joined({});
    expect(success).toBe(false);
    expect(text).toContain(
      'runner.linux-arm64.json is of the commit deadbeef0123, and here it is none',
    );
    expect(await repository.resolve('dev')).toBeNull();
  });

  test('where no machine pushed any, it is said and nothing is done', async () => {
    const { join } = await pushedParts([]);
    const { success, text } = await join({});
    expect(success).toBe(true);
    expect(text).toMatch(/\/team\/app: no machine has pushed a part of it/);
  });
});
