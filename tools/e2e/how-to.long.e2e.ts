// Takes 600 s.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Engine, locateEngine } from '@excel2doc/engine';
import { realRegistry } from '@excel2doc/oci/testing/registry';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { workspaceRoot } from '../workspace';
import { removeImages } from './image';
import { type StandIn, makeStandIn, pushStandIn } from './package/base';
import { type LocalRegistry, startRegistry } from './package/registry';
import { takeTurns } from './take-turns';
import { type Step, follow, tutorialSteps } from './package/tutorial';
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

/**
 * release.long.e2e.ts follows the first in a clone of this repository; the second wants another engine,
 * and the third a base that has Node, as nx-in-dockerfile.long.e2e.ts makes one.
 */
const ELSEWHERE = ['publish-the-plugin.md', 'podman.md', 'nx-in-dockerfile.md'];
/** In English: libs/nx-stages/src/how-to.spec.ts sees that the Chinese ones say the same. */
const pages = readdirSync(join(workspaceRoot, 'docs/how-to')).filter(
  (name) => !name.endsWith('.zh-CN.md') && !ELSEWHERE.includes(name),
);

const scratch = mkdtempSync(join(tmpdir(), 'nx-stages-how-to-'));
const folder = join(scratch, 'shop');

let engine: Engine;
let npm: LocalRegistry;
let standIn: StandIn;
let shop: ForeignWorkspace;
/** The commit that every page starts at: some make others, and tags. */
let start: string;

/** The workspace that the pages speak of: the tutorial's service, without the plugin. */
takeTurns("the tutorial's images");

beforeAll(async () => {
  engine = await locateEngine();
  standIn = await makeStandIn(engine, join(scratch, 'stand-in'));
  npm = await startRegistry(join(scratch, 'verdaccio'));
  await publishPackage(npm, join(scratch, 'package'));
  shop = { folder, env: userEnvironment(npm.npmrc) };
  await bareWorkspace(shop, NX_VERSION);
  for (const step of tutorialSteps('tutorial.md'))
    if (step.kind === 'file') writeFiles(folder, { [step.path]: step.text });
  expect(await shell(shop, `git add -A && ${GIT} commit -qm service`)).toMatchObject({ status: 0 });
  const added = 'npx nx add @excel2doc/nx-stages && git add -A';
  expect(await shell(shop, `${added} && ${GIT} commit -qm plugin`)).toMatchObject({ status: 0 });
  start = (await shell(shop, 'git rev-parse HEAD')).output.trim();
});

afterAll(async () => {
  npm?.stop();
  await removeImages(engine, 'shop-*', 'team/*');
  rmSync(scratch, { recursive: true, force: true });
});

/** Does what a page says, in the workspace as the tutorial left it; what its blocks printed. */
async function read(page: string): Promise<string[]> {
  const registry = await realRegistry();
  for (const name of ['node:22-slim', 'nginx:alpine', 'python:3.12-slim'])
    await pushStandIn(standIn, `${registry}/library/${name}`);
  const who = { GIT_AUTHOR_NAME: 'e2e', GIT_AUTHOR_EMAIL: 'e2e@localhost' };
  const env = {
    ...who,
    GIT_COMMITTER_NAME: who.GIT_AUTHOR_NAME,
    GIT_COMMITTER_EMAIL: who.GIT_AUTHOR_EMAIL,
    NX_STAGES_REGISTRY_MIRROR: registry,
    NX_STAGES_TAG: 'dev',
    // Builders that a page makes are gone with the test.
    BUILDX_CONFIG: join(scratch, 'buildx'),
  };
  const back = `git reset -q --hard ${start} && git tag --list | xargs -r git tag -d`;
  // A page that goes over to pnpm leaves its packages where npm's were.
  const packages = 'if [ -e node_modules/.pnpm ]; then rm -rf node_modules && npm ci; fi';
  const reset = await shell(shop, `${back} && git clean -qfd && rm -rf dist && ${packages}`);
  expect(reset).toMatchObject({ status: 0 });
  const here = (text: string) => text.replaceAll('registry.example.com', registry);
  const steps = tutorialSteps(`how-to/${page}`).map((step): Step =>
    step.kind === 'file'
      ? { ...step, text: here(step.text) }
      : { ...step, lines: here(step.lines) },
  );
  return follow(steps, shop, env);
}

test.each(pages)('what the page %s says holds', async (page) => {
  const outputs = await read(page);
  expect(outputs.length).toBeGreaterThan(0);
});
