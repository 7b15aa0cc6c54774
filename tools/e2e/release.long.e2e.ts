// Takes 120 s.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { workspaceRoot } from '../workspace';
import { type Clone, makeClone } from './clone';
import { type LocalRegistry, startRegistry } from './package/registry';
import { follow, tutorialSteps } from './package/tutorial';
import { type ForeignWorkspace, shell, userEnvironment } from './package/workspace';

const scratch = mkdtempSync(join(tmpdir(), 'nx-stages-release-'));
let clone: Clone;
let npm: LocalRegistry;
let here: ForeignWorkspace;

beforeAll(async () => {
  npm = await startRegistry(join(scratch, 'verdaccio'));
  clone = await makeClone('release');
  const who = { GIT_AUTHOR_NAME: 'e2e', GIT_AUTHOR_EMAIL: 'e2e@localhost' };
  const env = {
    ...userEnvironment(npm.npmrc),
    ...who,
    GIT_COMMITTER_NAME: who.GIT_AUTHOR_NAME,
    GIT_COMMITTER_EMAIL: who.GIT_AUTHOR_EMAIL,
  };
  here = { folder: clone.folder, env };
  // As `npm ci` would put them there.
  for (const folder of ['node_modules', 'libs/nx-stages/node_modules'])
    if (existsSync(join(workspaceRoot, folder)))
      await shell(here, `cp -al ${join(workspaceRoot, folder)} ${folder}`);
});

afterAll(() => {
  npm?.stop();
  rmSync(scratch, { recursive: true, force: true });
  rmSync(clone.folder, { recursive: true, force: true });
});

const read = (file: string) => readFileSync(join(clone.folder, file), 'utf8');
const versionOf = (file: string) => JSON.parse(read(file)).version as string;

test('the page on publishing does what it says, from a clean clone into a real registry', async () => {
  const manifest = 'libs/nx-stages/package.json';
  const [major, minor] = versionOf(manifest).split('.').map(Number);
  const next = `${major}.${(minor ?? 0) + 1}.0`;
  const outputs = await follow(tutorialSteps('how-to/publish-the-plugin.md'), here, {});

  const [, dryRun = '', steps = ''] = outputs;
  expect(dryRun).toContain(`New version ${next} written to manifest: ${manifest}`);
  expect(dryRun).toContain(`## ${next}`);
  expect(steps).toContain(`New version ${next}`);

  expect(versionOf(manifest)).toBe(next);
  expect(read('libs/nx-stages/CHANGELOG.md')).toMatch(
    new RegExp(`^## ${next} [^]*Say what this change gives to users\\.`),
  );
  const git = await shell(here, 'git tag --list && git status --porcelain');
  expect(git.output.trim()).toBe(`nx-stages@${next}`);
  expect(outputs.at(-1)).toContain(`+ @excel2doc/nx-stages@${next}`);
  // Who installs it finds the change log in it.
  const pack = `cd ${scratch} && npm pack -s @excel2doc/nx-stages@${next} && tar -tzf *.tgz`;
  expect((await shell(here, pack)).output).toContain('package/CHANGELOG.md');
});
