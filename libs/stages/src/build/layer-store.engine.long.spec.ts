// Takes 60 s.
import { cp, mkdir, mkdtemp, readdir, rm, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheFolder } from '@excel2doc/engine';
import { flipBit } from '@excel2doc/oci/testing/folder';
import { faultyProxy } from '@excel2doc/oci/testing/proxy';
import { realRegistry } from '@excel2doc/oci/testing/registry';
import { realCache, type RealCache } from '@excel2doc/oci/testing/remote-cache';
import { repositoryAt } from '@excel2doc/oci/testing/repository';
import {
  afterAll,
  beforeAll,
  beforeEach,
  describe,
  expect,
  onTestFinished,
  test,
  vi,
} from 'vitest';
import { StagedWorkspace } from '../testing/staged';
import { publishLayers, sharedStore } from './layer-store';

const STAGES = ['builder', 'deps', 'runner'];

let workspace: StagedWorkspace;
/** Of the image with its layers inline. */
let digest: string;

beforeAll(async () => {
  workspace = await StagedWorkspace.make();
  await workspace.build();
  ({ digest } = await workspace.record('runner'));
  await cp(join(workspace.root, 'dist'), join(workspace.root, 'inline'), { recursive: true });
});

afterAll(() => workspace.remove());

beforeEach(async () => {
  await workspace.removeImages();
  const dist = join(workspace.root, 'dist');
  await rm(dist, { recursive: true });
  await cp(join(workspace.root, 'inline'), dist, { recursive: true });
  // A store of its own; engine and tools are the user's.
  const cache = await mkdtemp(join(tmpdir(), 'nx-stages-blobs-'));
  onTestFinished(() => rm(cache, { recursive: true }));
  const users = cacheFolder();
  vi.stubEnv('XDG_CACHE_HOME', cache);
  onTestFinished(() => void vi.unstubAllEnvs());
  await mkdir(cacheFolder());
  for (const name of ['engine', 'tools'])
    await symlink(join(users, name), join(cacheFolder(), name));
});

/** Outputs as they are after a build with this option. */
async function publish(repository: string): Promise<void> {
  for (const name of STAGES)
    await publishLayers(workspace.folder(name), await workspace.record(name), {
      kind: 'registry',
      repository,
    });
}

/** Bytes of all that Nx would cache. */
async function outputBytes(): Promise<number> {
  const folder = join(workspace.root, 'dist/app/docker');
  let bytes = 0;
  for (const stage of STAGES) {
    for (const path of await readdir(join(folder, stage), { recursive: true })) {
      const info = await stat(join(folder, stage, path));
      if (info.isFile()) bytes += info.size;
    }
  }
  return bytes;
}

const emptyStore = () => rm(sharedStore().directory, { recursive: true, force: true });

async function expectLoaded() {
  const { success, text } = await workspace.load();
  expect(success, text).toBe(true);
  expect((await workspace.record('runner')).digest).toBe(digest);
  const { stdout } = await workspace.engine.run({ image: `${workspace.image}:test` });
  expect(stdout).toBe('one\n');
  return text;
}

describe('layers in a registry', () => {
  test('leave kilobytes to cache, and come back on a machine that has nothing', async () => {
    const repository = `${await realRegistry()}/team/layers`;
    for (const name of STAGES) {
      const { success, text } = await workspace.stage(name, { layerRepository: repository });
      expect(success, text).toBe(true);
    }
    const { digest: layer } = (await workspace.record('deps')).layers.at(-1)!;
    expect(await repositoryAt(repository).has(layer)).toBe(true);
    expect(await readdir(join(workspace.folder('runner'), 'blobs/sha256'))).toHaveLength(2);
    expect(await outputBytes()).toBeLessThan(30_000);
    await emptyStore();
    await expectLoaded();
    expect(await sharedStore().has(layer)).toBe(true);
  });

  test('are built upon from there', async () => {
    const repository = `${await realRegistry()}/team/layers`;
    await publish(repository);
    await emptyStore();
    await workspace.write('app/main.sh', 'echo two');
    await workspace.plan();
    const { success, text } = await workspace.stage('runner', { layerRepository: repository });
    expect(success, text).toBe(true);
    await workspace.write('app/main.sh', 'echo one');
    await workspace.plan();
  });

  test('are sent once: a change of code sends its own layer alone', async () => {
    const upstream = await realRegistry();
    const proxy = await faultyProxy(upstream, () => null);
    const repository = `${proxy.host}/team/layers`;
    await publish(repository);
    const before = proxy.seen.length;
    await workspace.write('app/main.sh', 'echo two');
    await workspace.plan();
    await workspace.stage('runner', { layerRepository: repository });
    const uploads = proxy.seen
      .slice(before)
      .filter(({ method, url }) => method === 'PUT' && /uploads/.test(url));
    expect(uploads).toHaveLength(1);
    await workspace.write('app/main.sh', 'echo one');
    await workspace.plan();
  });

  test('that are damaged on this machine are fetched again, in one line', async () => {
    await publish(`${await realRegistry()}/team/layers`);
    const { digest: layer } = (await workspace.record('deps')).layers.at(-1)!;
    await flipBit(sharedStore().pathOf(layer));
    const text = await expectLoaded();
    expect(text.split('\n').filter((line) => line.startsWith('! '))).toEqual([
      expect.stringMatching(`blob ${layer} in .* is damaged; the next place is asked`),
    ]);
  });

  test('that the registry lost are built again', async () => {
    const repository = `${await realRegistry()}/team/layers`;
    await publish(repository);
    await emptyStore();
    const { digest: layer } = (await workspace.record('deps')).layers.at(-1)!;
    const at = repositoryAt(repository);
    await (await at.call('DELETE', `blobs/${layer}`, { accept: [202] })).body.dump();
    expect(await expectLoaded()).toMatch(/! stage builder: .*built again/);
  });
});

/** As Nx is given it. */
function useCache({ url, tokens }: RealCache, name: keyof RealCache['tokens'] = 'main'): void {
  vi.stubEnv('NX_SELF_HOSTED_REMOTE_CACHE_SERVER', url);
  vi.stubEnv('NX_SELF_HOSTED_REMOTE_CACHE_ACCESS_TOKEN', tokens[name]);
}

async function makeAll(): Promise<string> {
  const said: string[] = [];
  for (const name of STAGES) {
    const { success, text } = await workspace.stage(name, { layersInCache: true });
    expect(success, text).toBe(true);
    said.push(text);
  }
  return said.join('\n');
}

describe('layers in the remote cache', () => {
  test('leave kilobytes in what Nx caches, and come back on a machine that has nothing', async () => {
    useCache(await realCache());
    await makeAll();
    expect(await outputBytes()).toBeLessThan(30_000);
    await emptyStore();
    await expectLoaded();
    const { digest: layer } = (await workspace.record('deps')).layers.at(-1)!;
    expect(await sharedStore().has(layer)).toBe(true);
  }, 300_000);

  test('are built again, as one line says, where no cache is given', async () => {
    useCache(await realCache());
    await makeAll();
    await emptyStore();
    vi.stubEnv('NX_SELF_HOSTED_REMOTE_CACHE_SERVER', '');
    expect(await expectLoaded()).toMatch(/! stage builder: .*built again/);
  }, 300_000);

  test('that a pull request wrote are not read by main, which makes its own', async () => {
    const server = await realCache();
    useCache(server, 'pr1');
    await makeAll();
    await emptyStore();
    useCache(server, 'main');
    // What it restored names layers that it does not have: it makes its own.
    expect(await expectLoaded()).toMatch(/! stage builder: .*built again/);
  }, 300_000);

  test('stay in the output where there is no cache, without a word', async () => {
    vi.stubEnv('NX_SELF_HOSTED_REMOTE_CACHE_SERVER', '');
    expect(await makeAll()).not.toMatch(/^! /m);
    await emptyStore();
    expect(await expectLoaded()).not.toMatch(/^! /m);
  }, 300_000);

  test('stay in the output where the cache is down or takes nothing, and a line says so', async () => {
    const server = await realCache();
    useCache(server, 'reader');
    const stay =
      /^! the remote cache took no layer .*: the layers stay in the output of the stage$/m;
    expect(await makeAll()).toMatch(stay);
    useCache({ ...server, url: 'http://127.0.0.1:1' });
    expect(await makeAll()).toMatch(/^! the remote cache does not answer .*: the layers stay/m);
    await emptyStore();
    await expectLoaded();
  }, 300_000);
});

test.each([
  ['does not answer', async () => 'localhost:1', /localhost:1 does not answer/],
  [
    'wants a log-in',
    () => realRegistry({ username: 'me', password: 'secret' }),
    /localhost:\d+ refuses/,
  ],
])('a registry that %s costs one line and no build', async (_what, registry, line) => {
  const layerRepository = `${await registry()}/team/layers`;
  const { success, text } = await workspace.stage('runner', { layerRepository });
  expect(success, text).toBe(true);
  const lines = text.split('\n').filter((each) => each.startsWith('! '));
  expect(lines).toEqual([expect.stringMatching(/the layers stay in the output/)]);
  expect(lines[0]).toMatch(line);
  await expectLoaded();
});
