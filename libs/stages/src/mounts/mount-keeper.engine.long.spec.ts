// Takes 200 s.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { faultyProxy } from '@excel2doc/oci/testing/proxy';
import { realCache, type RealCache } from '@excel2doc/oci/testing/remote-cache';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'; // prettier-ignore
import { MountedWorkspace } from '../testing/mounted';

const rounds = Number(process.env['ROUNDS'] ?? 2);
/** Where in a build it is cut off, by TEST_SEED, which the run prints. */
const moments = fc.sample(fc.noBias(fc.double({ min: 0, max: 1, noNaN: true })), rounds);

const SIZES = { one: 20_000, 'folder/two': 3_000_000, three: 0, 'a b': 10 };
const NAMES = ['folder/two', 'one', 'three'];

let workspace: MountedWorkspace;
beforeAll(async () => {
  workspace = await MountedWorkspace.make();
});
afterAll(() => workspace.remove());

let cache: RealCache;
beforeEach(async () => {
  cache = await realCache();
  use(cache.url, 'main');
  onTestFinished(() => void vi.unstubAllEnvs());
  await workspace.write();
  const { 'a b': _, ...sizes } = SIZES;
  await workspace.list(sizes);
  await workspace.anotherMachine();
});

function use(url: string, token: keyof RealCache['tokens']): void {
  vi.stubEnv('NX_SELF_HOSTED_REMOTE_CACHE_SERVER', url);
  vi.stubEnv('NX_SELF_HOSTED_REMOTE_CACHE_ACCESS_TOKEN', cache.tokens[token]);
}

const built = async (...args: Parameters<MountedWorkspace['build']>) => {
  const { success, text } = await workspace.build(...args);
  expect(success, text).toBe(true);
  return text;
};
const warnings = (text: string) => text.split('\n').filter((line) => line.startsWith('! '));

/** The list of a first build, with one more. */
const oneMore = () =>
  workspace.list({ one: 20_000, 'folder/two': 3_000_000, three: 0, four: 5000 });

describe('what lies in a cache mount', () => {
  test('is there on another machine, where one more is fetched alone, for the same image', async () => {
    expect(await built()).toMatch(
      /^cache mount \/root\/\.cache\/store: 3 files \(2\.9 MiB\) kept/m,
    );
    expect(await workspace.fetched()).toEqual(NAMES);
    await oneMore();
    await workspace.anotherMachine();
    const text = await built();
    expect(text).toMatch(/^cache mount .*: 3 files \(2\.9 MiB\) from the remote cache/m);
    expect(text).toMatch(/1 file \(4\.9 KiB\) kept anew, 4\.9 KiB sent/);
    expect(warnings(text)).toEqual([]);
    expect(await workspace.fetched()).toEqual(['four']);
    const digest = await workspace.digest();
    await workspace.anotherMachine();
    vi.unstubAllEnvs();
    await workspace.build({ budget: '1GB' });
    expect(await workspace.fetched()).toHaveLength(4);
    expect(await workspace.digest()).toBe(digest);
  });

  test('of a pull request serves that alone, and main’s serves it', async () => {
    await built();
    await oneMore();
    const steps = [
      ['pr1', ['four']],
      ['pr1', []],
      ['pr2', ['four']],
      ['main', ['four']],
    ] as const;
    for (const [at, [token, fetched]] of steps.entries()) {
      await workspace.anotherMachine();
      use(cache.url, token);
      const text = await built();
      expect(await workspace.fetched(), `${at}: ${token}: ${text}`).toEqual(fetched);
    }
  });

  test('is kept as far as the budget goes, the youngest, however large it is', async () => {
    await workspace.inMount(
      'cd /root/.cache/store && busybox truncate -s 5368709120 huge && busybox touch -d "2020-01-01 00:00:00" huge',
    );
    const text = await built();
    expect(text).toMatch(/3 files .* kept anew, .* 1 file \(5\.0 GiB\) are over the budget/);
    await workspace.anotherMachine();
    await built();
    expect(await workspace.fetched()).toEqual([]);
  });

  test('of a reader is put in place, and kept by nobody, in a line', async () => {
    await built();
    await workspace.anotherMachine();
    await oneMore();
    use(cache.url, 'reader');
    const text = await built();
    expect(await workspace.fetched()).toEqual(['four']);
    expect(warnings(text)).toEqual([expect.stringMatching(/took no layer \(answered 403\)/)]);
  });

  test('that its tool refuses is taken away, and the build is done again without', async () => {
    await built();
    await workspace.anotherMachine();
    const refusing =
      '[ ! -e /root/.cache/store/one ] || { echo "one: checksum mismatch"; exit 1; }';
    await workspace.write(['deps'], refusing);
    const text = await built();
    expect(warnings(text)).toEqual([expect.stringMatching(/refused: it is built without/)]);
    expect(await workspace.fetched()).toEqual(NAMES);
  });
});

test('a cache that is gone, or goes in the middle, is a line, and the build goes on', async () => {
  await built();
  const digest = await workspace.digest();
  const upstream = cache.url.replace('http://', '');
  for (const after of [0, 9, 15]) {
    await workspace.anotherMachine();
    const proxy = await faultyProxy(upstream, (_, __, count) => count >= after ? { kind: 'drop' } : null); // prettier-ignore
    use(`http://${proxy.host}`, 'main');
    const text = await built();
    expect(warnings(text).length, `after ${after} requests: ${text}`).toBeGreaterThan(0);
    expect(await workspace.digest()).toBe(digest);
  }
});

test('two builds at once that share a mount are right, and what both fetched is kept', async () => {
  await workspace.write(['deps', 'other']);
  await workspace.list({ one: 20_000, mine: 2_000_000 }, 'deps');
  await workspace.list({ one: 20_000, theirs: 2_000_000 }, 'other');
  await workspace.plan();
  await Promise.all(['deps', 'other'].map((stage) => ended(start(stage))));
  const digests = [await workspace.digest('deps'), await workspace.digest('other')];
  await workspace.anotherMachine();
  await workspace.plan();
  await Promise.all(['deps', 'other'].map((stage) => ended(start(stage))));
  expect(await workspace.fetched('deps')).not.toContain('mine');
  expect(await workspace.fetched('other')).not.toContain('theirs');
  expect([await workspace.digest('deps'), await workspace.digest('other')]).toEqual(digests);
});

test('kill -9 at any moment of restore and harvest leaves nothing that a later build takes', async () => {
  await built();
  const digest = await workspace.digest();
  const startedMs = Date.now();
  await workspace.anotherMachine();
  await workspace.plan();
  await ended(start('deps'));
  const takesMs = Date.now() - startedMs;
  for (const moment of moments) {
    await workspace.anotherMachine();
    await workspace.plan();
    const child = start('deps');
    await once(child.stdout, 'data');
    await sleep(moment * takesMs);
    child.kill('SIGKILL');
    await once(child, 'close');
    const text = await built();
    expect(await workspace.digest(), `killed at ${moment}: ${text}`).toBe(digest);
  }
});

/** The stage in a process of its own. */
function start(stage: string) {
  const { staged, option } = workspace;
  const step = staged.step('stage', { stage, rest: { cacheMounts: option } });
  const script = join(__dirname, '../testing/run-step.ts');
  return spawn(process.execPath, ['--import', 'tsx', script, JSON.stringify(step)], {
    cwd: __dirname,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

async function ended(child: ReturnType<typeof start>): Promise<void> {
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data: Buffer) => (said += data.toString()));
  const [code] = (await once(child, 'close')) as [number];
  if (code !== 0) throw new Error(said);
}
