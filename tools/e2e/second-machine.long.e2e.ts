// Takes 180 s.
import { createHash, randomBytes } from 'node:crypto';
import { appendFileSync, copyFileSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type RunningServer, parseConfig, startServer } from '@excel2doc/cache-server';
import { type Engine, locateEngine } from '@excel2doc/engine';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { workspaceRoot } from '../workspace';
import { type Clone, makeClone, runIn } from './clone';
import { type SecondEngine, secondEngine } from './second-engine';

/** A machine is a clone with an engine; what they have in common is the remote cache. */
let one: Clone;
let two: Clone;
let engineOne: Engine;
let second: SecondEngine;
let engineTwo: Engine;
let cache: RunningServer;
let cacheFolder: string;
let cacheEnv: Record<string, string>;
let digest: string;
/** What to take back in the end, the last first. */
const undone: (() => unknown)[] = [];

const platformFolder = () => engineTwo.platform.replaceAll('/', '-');
const outputOf = (clone: Clone, stage: string) =>
  join(clone.folder, 'dist/apps/backend/docker', stage, platformFolder());
const recordOf = (clone: Clone) =>
  JSON.parse(readFileSync(join(outputOf(clone, 'runner'), 'image.json'), 'utf8')) as {
    digest: string;
    layers: { digest: string; from: string }[];
  };
const image = (clone: Clone) => `excel2doc/backend:${clone.tag}`;
const build = (clone: Clone, env: Record<string, string> = {}) => {
  const nx = join(clone.folder, 'node_modules/.bin/nx');
  return runIn(clone, nx, ['run', 'backend:docker-build'], env);
};
const remoteHits = (output: string) =>
  [...output.matchAll(/nx run (\S+?)\s+\[remote cache\]/g)].map(([, task]) => task).sort();

async function machine(name: string, change: string): Promise<Clone> {
  const clone = await makeClone(name);
  undone.push(() => rmSync(clone.folder, { recursive: true, force: true }));
  symlinkSync(join(workspaceRoot, 'node_modules'), join(clone.folder, 'node_modules'));
  const local = 'docker/images.local.json';
  copyFileSync(join(workspaceRoot, local), join(clone.folder, local));
  // An image that no other engine or clone has.
  appendFileSync(join(clone.folder, 'apps/backend/app/main.py'), change);
  return clone;
}

beforeAll(async () => {
  engineOne = await locateEngine();
  second = await secondEngine();
  undone.push(() => second.remove());
  engineTwo = await second.locate();
  cacheFolder = await mkdtemp(join(tmpdir(), 'cache-server-'));
  undone.push(() => rm(cacheFolder, { recursive: true, force: true }));
  const token = randomBytes(24).toString('hex');
  const config = {
    listen: { port: 0 },
    scopes: { main: { trusted: true } },
    tokens: [
      { name: 'e2e', sha256: createHash('sha256').update(token).digest('hex'), scope: 'main' },
    ],
    store: { kind: 'disk', directory: join(cacheFolder, 'store') },
    stateDirectory: join(cacheFolder, 'state'),
    log: 'silent',
  };
  cache = await startServer(parseConfig(config, process.env, cacheFolder));
  undone.push(() => cache.stop());
  cacheEnv = {
    NX_SELF_HOSTED_REMOTE_CACHE_SERVER: cache.url,
    NX_SELF_HOSTED_REMOTE_CACHE_ACCESS_TOKEN: token,
  };
  const change = `\n# ${randomBytes(8).toString('hex')}\n`;
  one = await machine('machine-one', change);
  two = await machine('machine-two', change);
});

afterAll(async () => {
  for (const undo of undone.reverse()) await undo();
});

test('a second clone with a second, empty engine gets the same image from the remote cache', async () => {
  const first = await build(one, cacheEnv);
  expect(first.status, first.output).toBe(0);
  ({ digest } = recordOf(one));
  undone.push(() => engineOne.removeImage(digest));

  expect(await engineTwo.listImages()).toEqual([]);
  const { status, output } = await build(two, { ...second.env, ...cacheEnv });
  expect(status, output).toBe(0);
  expect(remoteHits(output)).toEqual(
    ['builder', 'deps', 'runner'].map((stage) => `backend:docker-${stage}`),
  );
  expect(recordOf(two).digest).toBe(digest);
  expect((await engineTwo.inspectImage(image(two)))?.id).toBe(digest);
});

test('what Nx restores damaged is mended once, in its cache too', async () => {
  const { layers } = recordOf(two);
  const layer = layers.findLast(({ from }) => from === 'self')!.digest.slice('sha256:'.length);
  const entries = join(two.folder, '.nx/cache');
  const damaged: string[] = [];
  for (const path of await readdir(entries, { recursive: true })) {
    if (!path.endsWith(layer)) continue;
    const bytes = await readFile(join(entries, path));
    bytes.writeUInt8(bytes.readUInt8(bytes.length >> 1) ^ 1, bytes.length >> 1);
    await writeFile(join(entries, path), bytes);
    damaged.push(path);
  }
  expect(damaged).not.toEqual([]);
  for (const mended of [true, false]) {
    rmSync(join(two.folder, 'dist'), { recursive: true });
    await engineTwo.removeImage(digest);
    const { status, output } = await build(two, second.env);
    expect(status, output).toBe(0);
    expect(/^! stage runner: .*built again/m.test(output)).toBe(mended);
    expect((await engineTwo.inspectImage(image(two)))?.id).toBe(digest);
  }
});

test('an engine that is killed in the middle of a load is one clear line, and the next run is right', async () => {
  await engineTwo.removeImage(digest);
  let isOver = false;
  const killed = (async () => {
    for (;;) {
      if (isOver) throw new Error('the load was over before anything of it had come in');
      const incoming = await readdir(second.incomingFolder).catch(() => []);
      if (incoming.length > 0) break;
      await sleep(5);
    }
    await second.kill();
  })();
  const { status, output } = await build(two, second.env);
  isOver = true;
  await killed;
  expect(status).not.toBe(0);
  expect(output.match(/^✗ .*/gm)).toEqual([expect.stringContaining('container engine')]);
  await second.start();
  const again = await build(two, second.env);
  expect(again.status, again.output).toBe(0);
  expect((await engineTwo.inspectImage(image(two)))?.id).toBe(digest);
  const { stdout } = await engineTwo.run({
    image: image(two),
    network: 'none',
    entrypoint: 'python',
    command: ['-c', 'import fastapi; print("whole")'],
  });
  expect(stdout).toBe('whole\n');
});
