// Takes 40 s.
import { readFile } from 'node:fs/promises';
import { StagedWorkspace } from '@excel2doc/stages/testing/staged';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { NxWorkspace } from '../../testing/nx-workspace';

/**
 * Nx 23.2 looks its cache up in one step, and makes keys in the steps before and after it. What comes to
 * be run while the key of another is made is run without a look. Here that is so each time: the key of
 * `slow` is not made before what the stages stand on has ended, nor does that end sooner.
 */
const workspace = new NxWorkspace();
/** Of it the base image is taken: a shell, as a layout on this machine. */
let staged: StagedWorkspace;

const command = (text: string, outputs: string[] = []) => ({
  executor: 'nx:run-commands',
  options: { command: text },
  outputs,
});
const HASHER = `const { existsSync, writeFileSync, rmSync } = require('node:fs');
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const ends = ['prepared-assembled', 'prepared-run'];
exports.default = async () => {
  writeFileSync('hashing', '');
  while (!ends.every((each) => existsSync(each))) await sleep(50);
  // Nx hears of that end, and takes up what stands on it.
  await sleep(4_000);
  for (const each of [...ends, 'hashing']) rmSync(each);
  return { value: 'slow', details: { command: 'slow', nodes: {} } };
};`;
const prepare = command(
  'mkdir -p {projectRoot}/dist; echo made > {projectRoot}/dist/made; while [ ! -e hashing ]; do sleep 0.1; done; touch prepared-{projectName}',
  ['{projectRoot}/dist/made'],
);
const project = (name: string, targets: object) => JSON.stringify({ name, targets });

beforeAll(async () => {
  staged = await StagedWorkspace.make();
  await workspace.start({
    'docker/images.local.json': await readFile(`${staged.root}/images.local.json`, 'utf8'),
    'tools/slow/package.json': '{"name":"slow","version":"0.0.0","executors":"./executors.json"}',
    'tools/slow/executors.json':
      '{"executors":{"run":{"implementation":"./run.js","hasher":"./hasher.js","schema":"./schema.json"}}}',
    'tools/slow/schema.json': '{"version":2,"type":"object","properties":{}}',
    'tools/slow/run.js': 'exports.default = async () => ({ success: true });',
    'tools/slow/hasher.js': HASHER,
    'apps/other/project.json': project('other', {
      first: command('true'),
      slow: { executor: './tools/slow:run', dependsOn: ['first'] },
    }),
    'apps/assembled/project.json': project('assembled', { prepare }),
    'apps/assembled/Dockerfile': 'FROM scratch AS low\nCOPY dist/made /\n',
    'apps/run/project.json': project('run', { prepare }),
    'apps/run/Dockerfile': 'FROM busybox:test AS low\nCOPY dist/made /\nRUN cp /made /other\n',
  });
}, 240_000);
afterAll(async () => {
  await staged.remove();
  workspace.remove();
});

async function run(...args: string[]): Promise<string> {
  const targets = ['run-many', '-t', 'slow', 'docker-low', '--output-style=static'];
  const ran = workspace.nx(...targets, '--batch=false', '--parallel=4', ...args);
  const { status, output } = await ran;
  expect(status, output).toBe(0);
  return output;
}

test('what is kept is taken from the cache where Nx has not looked, and is said to be', async () => {
  const words = /^low was cached: Nx ran it without looking$/gm;
  const first = await run();
  expect(first).toMatch(/^low linux\/\w+ sha256:\w+ \(assembled\)/m);
  expect(first).toMatch(/^low linux\/\w+ sha256:\w+ \(by BuildKit/m);
  expect(first).not.toMatch(words);
  const images = () =>
    ['assembled', 'run'].map((name) => workspace.list(`dist/apps/${name}/docker/low`, true).sort());
  const before = images();
  for (const name of ['assembled', 'run']) workspace.delete(`dist/apps/${name}/docker/low`);
  const again = await run();
  // Where Nx was slower still, it has looked.
  const looked = again.match(/:docker-low +\[/g) ?? [];
  expect([...(again.match(words) ?? []), ...looked]).toHaveLength(2);
  expect(images()).toEqual(before);
  expect(await run('--skip-nx-cache')).not.toMatch(words);
}, 400_000);
