// Takes 150 s.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { newToken, parseConfig, type RunningServer, startServer } from '@excel2doc/cache-server';
import { type Engine, locateEngine, readBases } from '@excel2doc/engine';
import { realRegistry } from '@excel2doc/oci/testing/registry';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { removeImages } from './image';
import { pushStandIn } from './package/base';
import { type LocalRegistry, startRegistry } from './package/registry';
import { follow, type Step, tutorialSteps } from './package/tutorial';
import { takeTurns } from './take-turns';
import {
  bareWorkspace,
  type ForeignWorkspace,
  NX_VERSION,
  publishPackage,
  shell,
  userEnvironment,
  writeFiles,
} from './package/workspace';

/** how-to.long.e2e.ts leaves this one out: its images have no Node. */
const PAGE = 'how-to/nx-in-dockerfile.md';
const BASE = 'python:3.12-slim-bookworm';
const IMAGE = 'shop-web';
/** Packages come from the internet's registry, on a machine that may be busy with more. */
const MINUTES = 600_000;

const scratch = mkdtempSync(join(tmpdir(), 'nx-in-dockerfile-'));
const folder = join(scratch, 'shop');
const writer = newToken();
const reader = newToken();

let engine: Engine;
let npm: LocalRegistry;
let cache: RunningServer;
let shop: ForeignWorkspace;

/** An address of this machine that containers reach. */
async function gateway(): Promise<string> {
  const format = '{{(index .IPAM.Config 0).Gateway}}';
  const { stdout } = await engine.command(['network', 'inspect', 'bridge', '--format', format]);
  return stdout.trim();
}

/** This machine's Node and npm on Debian, with the settings that npm has here. */
async function makeNodeImage(dir: string, npmrc: string): Promise<string> {
  const base = Object.values((await readBases())?.platforms[engine.platform] ?? {}).find(
    ({ reference }) => reference === BASE,
  )!;
  const node = realpathSync(process.execPath);
  mkdirSync(dir, { recursive: true });
  cpSync(node, join(dir, 'node'));
  cpSync(join(dirname(dirname(node)), 'lib/node_modules/npm'), join(dir, 'npm'), {
    recursive: true,
  });
  cpSync(npmrc, join(dir, 'npmrc'));
  writeFiles(dir, {
    Dockerfile: `FROM ${BASE}
ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt
COPY node /usr/local/bin/
COPY npm /usr/local/lib/node_modules/npm
COPY npmrc /usr/local/etc/npmrc
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm && \\
    ln -s ../lib/node_modules/npm/bin/npx-cli.js /usr/local/bin/npx
`,
  });
  const layout = join(dir, 'layout');
  await engine.build({
    dockerfile: join(dir, 'Dockerfile'),
    contextDir: dir,
    namedContexts: { [BASE]: base.namedContext },
    output: { kind: 'oci-layout', dir: layout },
    showProgress: false,
  });
  return layout;
}

takeTurns("the tutorial's images");

beforeAll(async () => {
  engine = await locateEngine();
  const host = await gateway();
  npm = await startRegistry(join(scratch, 'verdaccio'), host);
  await publishPackage(npm, join(scratch, 'package'));
  const own = { scope: 'main' };
  cache = await startServer(
    parseConfig(
      {
        listen: { host, port: 0 },
        log: 'silent',
        scopes: { main: { trusted: true } },
        tokens: [
          { name: 'workspace', sha256: writer.sha256, ...own },
          { name: 'image', sha256: reader.sha256, ...own, access: 'read' },
        ],
        store: { kind: 'disk', directory: join(scratch, 'store') },
      },
      {},
      scratch,
    ),
  );
  shop = { folder, env: userEnvironment(npm.npmrc) };
  await bareWorkspace(shop, NX_VERSION);
  const added = await shell(shop, 'npx nx add @excel2doc/nx-stages && git add -A');
  expect(added.status, added.output).toBe(0);
}, MINUTES);

afterAll(async () => {
  await cache?.stop();
  npm?.stop();
  if (engine) await removeImages(engine, IMAGE);
  rmSync(scratch, { recursive: true, force: true });
});

/** What Nx said within the image. */
const inside = () =>
  stripVTControlCharacters(
    readFileSync(join(folder, 'dist/apps/web/docker/build/build.log'), 'utf8'),
  );
const HIT = 'nx run shop-web:build  [remote cache]';

test(
  'Nx in a Dockerfile takes from the remote cache what the workspace has built, and builds without a token',
  async () => {
    const registry = await realRegistry();
    const layoutDir = await makeNodeImage(join(scratch, 'node'), npm.npmrc);
    for (const name of ['node:22-slim', 'nginx:alpine'])
      await pushStandIn({ layoutDir, platform: engine.platform }, `${registry}/library/${name}`);
    const env = { NX_STAGES_REGISTRY_MIRROR: registry };
    const withToken = (token: string) => ({
      ...env,
      NX_SELF_HOSTED_REMOTE_CACHE_SERVER: cache.url,
      NX_SELF_HOSTED_REMOTE_CACHE_ACCESS_TOKEN: token,
    });
    const here = (text: string) => text.replaceAll('https://cache.example.org', cache.url);
    const steps = tutorialSteps(PAGE).map((step): Step =>
      step.kind === 'file'
        ? { ...step, text: here(step.text) }
        : { ...step, lines: here(step.lines) },
    );
    const builds = steps.findIndex(
      (step) => step.kind === 'shell' && step.lines.includes('docker-build'),
    );
    await follow(steps.slice(0, builds), shop, env);
    await follow(steps.slice(builds), shop, withToken(writer.token));
    expect(inside()).toContain(HIT);
    const command = ['cat', '/usr/share/nginx/html/index.html'];
    const { stdout } = await engine.run({ image: `${IMAGE}:dev`, command });
    expect(stdout).toBe('<h1>Shop</h1>\n');

    // The stage copies it, and Nx's key does not count it: the stage runs, with a token that may read.
    writeFiles(folder, { 'apps/web/README.md': 'The web shop\n' });
    const build = 'npx nx run shop-web:docker-build';
    const read = await shell(shop, build, withToken(reader.token));
    expect(read.status, read.output).toBe(0);
    expect(inside()).toContain(HIT);
    writeFiles(folder, { 'apps/web/README.md': 'The web shop.\n' });
    const alone = await shell(shop, build, env);
    expect(alone.status, alone.output).toBe(0);
    expect(inside()).toContain('nx run shop-web:build');
    expect(inside()).not.toContain('[remote cache]');
  },
  MINUTES,
);
