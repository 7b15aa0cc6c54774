// Takes 90 s.
import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunningServer, parseConfig, startServer } from '@excel2doc/cache-server';
import { locateEngine } from '@excel2doc/engine';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeStandIn } from './package/base';
import { type LocalRegistry, startRegistry } from './package/registry';
import {
  bareWorkspace,
  type ForeignWorkspace,
  GIT,
  NX_VERSION,
  publishPackage,
  shell,
  userEnvironment,
  writeFiles,
} from './package/workspace';

/** Clones of one commit, each made and built under a umask of its own, with one remote cache. */
const scratch = mkdtempSync(join(tmpdir(), 'nx-stages-checkouts-'));
let registry: LocalRegistry;
let cache: RunningServer;
let origin: ForeignWorkspace;
let localImages: string;
let cacheEnv: Record<string, string>;

const DOCKERFILE = `FROM busybox:1 AS deps
RUN --mount=type=bind,target=/context ls -lR /context | cut -c1-10 > /seen
COPY bin /opt/bin
FROM deps AS runner
COPY . /srv/
`;

beforeAll(async () => {
  const engine = await locateEngine();
  ({ localImages } = await makeStandIn(engine, join(scratch, 'stand-in')));
  registry = await startRegistry(join(scratch, 'verdaccio'));
  await publishPackage(registry, join(scratch, 'package'));
  const token = randomBytes(24).toString('hex');
  const sha256 = createHash('sha256').update(token).digest('hex');
  const config = {
    listen: { port: 0 },
    scopes: { main: { trusted: true } },
    tokens: [{ name: 'e2e', sha256, scope: 'main' }],
    store: { kind: 'disk', directory: join(scratch, 'store') },
    stateDirectory: join(scratch, 'state'),
    log: 'silent',
  };
  cache = await startServer(parseConfig(config, process.env, scratch));
  cacheEnv = {
    NX_SELF_HOSTED_REMOTE_CACHE_SERVER: cache.url,
    NX_SELF_HOSTED_REMOTE_CACHE_ACCESS_TOKEN: token,
  };
  origin = { folder: join(scratch, 'origin'), env: userEnvironment(registry.npmrc) };
  await bareWorkspace(origin, NX_VERSION);
  writeFiles(origin.folder, {
    '.gitignore': 'node_modules\ndist\n.nx\n*.local.json\n',
    'app/Dockerfile': DOCKERFILE,
    'app/bin/run.sh': '#!/bin/sh\n',
    // No other run of this test has it in a cache of the engine.
    'app/deep/er/main.txt': randomBytes(8).toString('hex'),
  });
  chmodSync(join(origin.folder, 'app/bin/run.sh'), 0o755);
  const add = `npm install -D @excel2doc/nx-stages && npx nx g @excel2doc/nx-stages:init && git add -A && ${GIT} commit -qm app`;
  const { status, output } = await shell(origin, add);
  expect(status, output).toBe(0);
});

afterAll(async () => {
  await cache?.stop();
  registry?.stop();
  rmSync(scratch, { recursive: true, force: true });
});

/** Clones and builds; what the remote cache gave, and the image that came of it. */
async function built(umask: string) {
  const folder = join(scratch, `clone of ${umask}`);
  const clone = await shell(
    { ...origin, folder: scratch },
    `umask ${umask} && git clone -q '${origin.folder}' '${folder}'`,
  );
  expect(clone.status, clone.output).toBe(0);
  symlinkSync(join(origin.folder, 'node_modules'), join(folder, 'node_modules'));
  mkdirSync(join(folder, 'docker'), { recursive: true });
  writeFiles(folder, { 'docker/images.local.json': localImages });
  const run = `umask ${umask} && NX_CACHE_DIRECTORY='${folder}/.nx/cache' npx nx run app:docker-runner`;
  const { status, output } = await shell({ ...origin, folder }, run, cacheEnv);
  expect(status, output).toBe(0);
  const hits = [...output.matchAll(/nx run app:docker-(\S+)\s+\[remote cache\]/g)];
  const find = 'cat dist/app/docker/runner/*/image.json';
  const image = JSON.parse((await shell({ ...origin, folder }, find)).output) as { digest: string };
  return { hits: hits.map(([, stage]) => stage).sort(), digest: image.digest };
}

test('clones under the umasks 0000, 0002 and 0022 share what the first one built', async () => {
  const first = await built('0000');
  expect(first.hits).toEqual([]);
  for (const umask of ['0002', '0022'])
    expect(await built(umask)).toEqual({ hits: ['deps', 'runner'], digest: first.digest });
});
