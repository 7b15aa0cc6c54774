import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { NxWorkspace } from '../../testing/nx-workspace';

/** No stage of it needs an engine: all of them are one batch. */
const workspace = new NxWorkspace();
const dockerfile =
  'FROM scratch AS low\nCOPY low /\nFROM low AS middle\nCOPY middle /\nFROM middle AS top\nCOPY top /\n' +
  'FROM scratch AS beside\nCOPY beside /\n';
const files = Object.fromEntries(
  ['low', 'middle', 'top', 'beside'].map((name) => [`apps/api/${name}`, name]),
);

beforeAll(async () => {
  await workspace.start({
    'apps/api/project.json': '{"name":"api"}',
    'apps/api/Dockerfile': dockerfile,
    ...files,
  });
}, 240_000);
afterAll(() => workspace.remove());
beforeEach(() => workspace.write({ ...files, 'apps/api/project.json': '{"name":"api"}' }));

const stages = ['low', 'middle', 'top', 'beside'];
const all = (...args: string[]) =>
  workspace.nx('run-many', '-t', ...stages.map((stage) => `docker-${stage}`), ...args);
const tasks = (...args: string[]) =>
  workspace.tasks('run-many', '-t', ...stages.map((stage) => `docker-${stage}`), ...args);
const each = (outcome: 'hit' | 'run') =>
  Object.fromEntries(stages.map((stage) => [`api:docker-${stage}`, outcome]));
const layers = (stage: string): string[] => {
  const [platform = ''] = workspace
    .list(`dist/apps/api/docker/${stage}`)
    .filter((name) => name.startsWith('linux'));
  const path = `dist/apps/api/docker/${stage}/${platform}/image.json`;
  return JSON.parse(workspace.read(path)).layers.map(({ digest }: { digest: string }) => digest);
};

test('what has to be made is made in one process, also where nothing was made before', async () => {
  const { status, output } = await all('--output-style=static');
  expect(status, output).toBe(0);
  expect(output).toContain('Running 4 tasks with @excel2doc/nx-stages:docker-image');
  for (const stage of stages)
    expect(output).toMatch(new RegExp(`^${stage} linux/\\w+ sha256:\\w+ \\(assembled\\)`, 'm'));
  // Under its final key: no key was made from what had lain below before.
  expect(await tasks()).toEqual(each('hit'));
});

test('a stage is never taken from the cache for images that lay below it before', async () => {
  await tasks();
  const before = layers('top');
  workspace.write({ 'apps/api/low': 'other' });
  expect(await tasks()).toEqual({ ...each('run'), 'api:docker-beside': 'hit' });
  const edited = layers('top');
  expect(edited[0]).not.toBe(before[0]);
  expect(edited.slice(1)).toEqual(before.slice(1));
  expect(layers('middle')).toEqual(edited.slice(0, 2));
  workspace.write({ 'apps/api/low': 'low' });
  expect(await tasks()).toEqual(each('hit'));
  expect(layers('top')).toEqual(before);
  // What lies there is of the edit; all of the first is in the cache, and so is what stands on it.
  workspace.write({ 'apps/api/low': 'other' });
  expect(await tasks()).toEqual(each('hit'));
  expect(layers('top')).toEqual(edited);
});

test('what lies above one that came out the same is looked up, not made', async () => {
  await tasks();
  const inputs = ['{projectRoot}/stamp', { externalDependencies: [] }];
  const targets = { 'docker-low': { inputs } };
  const stamped = async (stamp: string) => {
    workspace.write({
      'apps/api/project.json': JSON.stringify({ name: 'api', targets }),
      'apps/api/stamp': stamp,
    });
    return tasks();
  };
  expect(await stamped('1')).toEqual({ ...each('hit'), 'api:docker-low': 'run' });
  expect(await stamped('2')).toEqual({ ...each('hit'), 'api:docker-low': 'run' });
});

test('one that fails fails those that stand on it, and no other', async () => {
  await tasks();
  workspace.write({ 'apps/api/beside': 'edited', 'apps/api/top': 'edited' });
  const good = workspace.read('apps/api/Dockerfile');
  workspace.write({ 'apps/api/Dockerfile': good.replace('COPY middle /', 'COPY middle absent /') });
  const { status, output } = await all('--output-style=static');
  workspace.write({ 'apps/api/Dockerfile': good });
  expect(status).not.toBe(0);
  expect(output).toMatch(/✗ apps\/api\/Dockerfile:4.*absent/);
  expect(output).toMatch(/^beside linux\/\w+ sha256/m);
  expect(output).not.toMatch(/^top linux/m);
  expect(await tasks()).toMatchObject({ 'api:docker-middle': 'hit', 'api:docker-top': 'run' });
});

test('a run without batches, one task at a time, and one without a cache make the same', async () => {
  await tasks();
  const before = layers('top');
  const modes = [
    ['--batch=false'],
    ['--batch'],
    ['--parallel=1'],
    ['--skip-nx-cache'],
    ['--verbose'],
  ];
  for (const [at, mode] of modes.entries()) {
    workspace.write({ 'apps/api/low': `mode ${at}` });
    const { status, output } = await all(...mode);
    expect(status, output).toBe(0);
    expect(layers('top').slice(1)).toEqual(before.slice(1));
    expect(layers('top')[0]).toBe(layers('low')[0]);
  }
  // Nothing was kept under no key.
  expect(existsSync(join(workspace.root, '.nx/cache/undefined'))).toBe(false);
  workspace.write({ 'apps/api/low': 'mode 0' });
  expect(await tasks()).toEqual(each('hit'));
});

test('what Nx takes for restored and has not restored is made again by what stands on it', async () => {
  await tasks();
  const before = layers('top');
  // Nx's table of entries stays, and it looks no further.
  for (const name of ['dist', '.nx/cache']) workspace.delete(name);
  const { status, output } = await workspace.nx('run', 'api:docker-top');
  expect(status, output).toBe(0);
  expect(output).toMatch(/docker-low .*\[local cache\]/);
  expect(layers('top')).toEqual(before);
  expect(layers('low')).toEqual(before.slice(0, 1));
  expect((await workspace.nx('run', 'api:docker-top')).status).toBe(0);
});

test.each(
  ['docker-top', 'docker-build'].flatMap((target) => [
    [target, '--tagg=one', 'has no option "tagg". Did you mean "tag"?'],
    [target, '--buildArgs=x', 'cannot take "x" as "buildArgs". Type --buildArgs.NAME=VALUE'],
  ]),
)('%s %s is refused in one line, also where all is made', async (target, option, words) => {
  const { status, output } = await workspace.nx('run', `api:${target}`, option!);
  expect(status).not.toBe(0);
  expect(output).toContain(`✗ api:${target} ${words}`);
  expect(output).not.toMatch(/UnhandledPromiseRejection|^ +at .*:\d+:\d+/m);
});

test.each(['context', 'dockerfile', 'lockFile', 'platforms'])(
  'a load whose %s is wrong is refused in one line while its image is made',
  async (option) => {
    workspace.write({ 'apps/api/beside': `of a load that is refused for its ${option}` });
    const { status, output } = await workspace.nx('run', 'api:docker-build', `--${option}.x=1`);
    expect(status).not.toBe(0);
    expect(output).toContain(`✗ api:docker-build cannot take {"x":1} as "${option}"`);
    expect(output).toMatch(/^beside linux\/\w+ sha256:\w+ \(assembled\)/m);
    expect(output).not.toMatch(/^ +at .*:\d+:\d+/m);
  },
);
