import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { NxWorkspace } from '../testing/nx-workspace';

/** No stage of it needs an engine. */
const workspace = new NxWorkspace();
const dockerfile =
  'FROM scratch AS deps\nCOPY requirements.txt /\n' +
  'FROM deps AS runner\nCOPY app /app\nFROM scratch AS other\nCOPY app/main.py /\n';

beforeAll(async () => {
  await workspace.start({
    'apps/api/project.json': '{"name":"api"}',
    'apps/api/Dockerfile': dockerfile,
    'apps/api/requirements.txt': 'fastapi==1.0\n',
    'apps/api/app/main.py': 'app',
    // The same bytes: what one has made may not be restored for the other.
    'apps/twin/project.json': '{"name":"twin"}',
    'apps/twin/Dockerfile': dockerfile,
    'apps/twin/requirements.txt': 'fastapi==1.0\n',
    'apps/twin/app/main.py': 'app',
  });
  await workspace.tasks('run-many', '-t', 'docker-runner', 'docker-other');
}, 240_000);
afterAll(() => workspace.remove());

/** The project as it was, before each test. */
beforeEach(() => workspace.write({ 'apps/api/project.json': '{"name":"api"}' }));

const run = (...args: string[]) => workspace.tasks('run', 'api:docker-runner', ...args);
const edited = (path: string, edit: (text: string) => string) =>
  workspace.write({ [path]: edit(workspace.read(path)) });

test('what a project alike has made is not taken for its own', () => {
  for (const name of ['api', 'twin'])
    expect(workspace.has(`dist/apps/${name}/docker/runner/plan.json`)).toBe(true);
});

test('an edit of an unrelated target, of nx.json and of package.json rebuilds nothing', async () => {
  workspace.write({
    'apps/api/project.json':
      '{"name":"api","targets":{"other":{"executor":"nx:noop","options":{"a":1}}}}',
  });
  edited('nx.json', (text) => text.replace('{', '{"parallel":2,'));
  edited('package.json', (text) => text.replace('{', '{"version":"2.0.0",'));
  expect(await run()).toEqual({ 'api:docker-deps': 'hit', 'api:docker-runner': 'hit' });
});

test('options that somebody sets at docker-plan hold for the stages', async () => {
  edited('apps/api/Dockerfile', (text) => `${text}ARG A=1\nLABEL a=$A\n`);
  const set = (value: string) =>
    workspace.write({
      'apps/api/project.json': JSON.stringify({
        name: 'api',
        targets: { 'docker-plan': { options: { buildArgs: { A: value } } } },
      }),
    });
  const other = () => workspace.tasks('run', 'api:docker-other');
  set('2');
  expect(await other()).toEqual({ 'api:docker-other': 'run' });
  expect(await other()).toEqual({ 'api:docker-other': 'hit' });
  set('3');
  expect(await other()).toEqual({ 'api:docker-other': 'run' });
  set('2');
  expect(await other()).toEqual({ 'api:docker-other': 'hit' });
});

test('inputs that somebody gives a stage count, and end there where it comes out the same', async () => {
  workspace.write({
    'apps/api/project.json': JSON.stringify({
      name: 'api',
      targets: { 'docker-deps': { inputs: ['{projectRoot}/stamp', { externalDependencies: [] }] } },
    }),
    'apps/api/stamp': '1',
  });
  expect((await run())['api:docker-deps']).toBe('run');
  expect((await run())['api:docker-deps']).toBe('hit');
  workspace.write({ 'apps/api/stamp': '2' });
  expect(await run()).toEqual({ 'api:docker-deps': 'run', 'api:docker-runner': 'hit' });
});

test('what docker-plan waits for, the stages wait for', async () => {
  const targets = {
    'docker-plan': { dependsOn: ['build'] },
    build: { executor: 'nx:run-commands', options: { command: 'echo 1 > apps/api/app/built' } },
  };
  workspace.write({ 'apps/api/project.json': JSON.stringify({ name: 'api', targets }) });
  const tasks = await run();
  expect(Object.keys(tasks)).toContain('api:build');
  expect(Object.keys(workspace.planned('apps/api', 'runner'))).toContain('app/built');
});

test('a plan that fails says why and fails the run, and nothing older is built', async () => {
  const good = workspace.read('apps/api/Dockerfile');
  edited('apps/api/Dockerfile', (text) => text.replace('COPY app /app', 'COPY absent /app'));
  const { status, output } = await workspace.nx('run', 'api:docker-runner');
  // Nx ends with 1, or with 130 where what failed was waited for.
  expect(status).not.toBe(0);
  expect(output).toMatch(/✗ apps\/api\/Dockerfile:4.*absent/);
  expect(output).not.toMatch(/✗[\s\S]*docker-plan first/);
  workspace.write({ 'apps/api/Dockerfile': good });
  expect(Object.values(await run())).toEqual(['hit', 'hit']);
});

test('a lock that is no JSON is named', async () => {
  const good = workspace.read('docker/images.lock.json');
  workspace.write({ 'docker/images.lock.json': '{' });
  const { status, output } = await workspace.nx('run', 'api:docker-runner');
  expect(status).not.toBe(0);
  expect(output).toMatch(/✗ .*images\.lock\.json is no JSON/);
  workspace.write({ 'docker/images.lock.json': good });
});

test('a file that changes between key and build is refused, not kept under the key', async () => {
  // Hashed, and then held back by a task that edits what the stage above reads.
  const targets = {
    'docker-runner': { dependsOn: ['docker-deps', 'edit'] },
    edit: {
      executor: 'nx:run-commands',
      options: { command: 'date +%N > apps/api/app/main.py' },
      dependsOn: ['docker-deps'],
    },
  };
  workspace.write({
    'apps/api/project.json': JSON.stringify({ name: 'api', targets }),
    // deps is hashed, and with it the whole Dockerfile is planned.
    'apps/api/requirements.txt': 'fastapi==2.0\n',
  });
  const { status, output } = await workspace.nx('run', 'api:docker-runner');
  expect(status).not.toBe(0);
  expect(output).toMatch(/app\/main\.py changed during the build/);
  workspace.write({ 'apps/api/project.json': '{"name":"api"}' });
  expect((await run())['api:docker-runner']).toBe('run');
  const [file] = readdirSync(join(workspace.root, 'dist/apps/api/docker/runner'));
  expect(file).toBeDefined();
});

test('a plan that another run has written meanwhile is not built under this key', async () => {
  await run();
  const path = 'dist/apps/api/docker/plan/runner.json';
  const plan = JSON.parse(workspace.read(path));
  const targets = {
    'docker-runner': { dependsOn: ['docker-deps', 'other-run'] },
    'other-run': {
      executor: 'nx:run-commands',
      options: { command: `cp other.json ${path}` },
    },
  };
  plan.platforms[0].instructions = [];
  workspace.write({
    'other.json': JSON.stringify(plan),
    'apps/api/app/main.py': 'as it is now',
    'apps/api/project.json': JSON.stringify({ name: 'api', targets }),
  });
  await run();
  const built = JSON.parse(workspace.read('dist/apps/api/docker/runner/plan.json'));
  expect(built.platforms[0].instructions.length).toBeGreaterThan(0);
});

test('two runs at once in one checkout both end well', async () => {
  for (let round = 0; round < 2; round++) {
    workspace.write({ 'apps/api/app/main.py': `round ${round}` });
    const runs = await Promise.all([0, 1].map(() => workspace.nx('run', 'api:docker-runner')));
    for (const { status, output } of runs) expect(status, output).toBe(0);
  }
  expect(Object.values(await run())).toEqual(['hit', 'hit']);
});

test('Nx shows and draws the targets', async () => {
  const { output } = await workspace.nx('show', 'target', 'api:docker-runner', '--json');
  expect(JSON.parse(output.slice(output.indexOf('{')))).toMatchObject({ cache: true });
  const drawn = await workspace.nx('run', 'api:docker-runner', '--graph=.nx/tasks.json');
  expect(drawn.status).toBe(0);
  const { tasks } = JSON.parse(workspace.read('.nx/tasks.json'));
  expect(Object.keys(tasks.tasks).sort()).toEqual(['api:docker-deps', 'api:docker-runner']);
});

test('a run that made an image is kept for docker-report, one that made none is not', async () => {
  const folder = join(workspace.root, '.nx/workspace-data/docker-runs');
  rmSync(folder, { recursive: true, force: true });
  writeFileSync(join(workspace.root, 'apps/api/app/main.py'), 'kept');
  await run();
  const [name = ''] = readdirSync(folder);
  const kept = JSON.parse(readFileSync(join(folder, name), 'utf8'));
  expect(kept.command).toBe('nx run api:docker-runner');
  expect(kept.tasks).toMatchObject([
    { id: 'api:docker-deps', outcome: 'local-hit' },
    { id: 'api:docker-runner', outcome: 'built', images: [{ stage: 'runner' }] },
  ]);
  await workspace.nx('run', 'api:docker-explain');
  expect(readdirSync(folder)).toHaveLength(1);
});
