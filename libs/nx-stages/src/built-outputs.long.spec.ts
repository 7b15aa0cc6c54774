// Takes 60 s.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { NxWorkspace } from './testing/nx-workspace';

const workspace = new NxWorkspace();

/** A target that "compiles" src into a folder. */
const compile = (from: string, to: string) => ({
  executor: 'nx:run-commands',
  cache: true,
  inputs: ['{projectRoot}/src/**/*'],
  outputs: [`{workspaceRoot}/${to}`],
  options: { command: `mkdir -p ${to} && cp -r ${from}/. ${to}/` },
});

const files = {
  // Builds into its own folder, as Nx's recipe for Docker has it.
  'apps/web/project.json': JSON.stringify({
    name: 'web',
    targets: { bundle: compile('apps/web/src', 'apps/web/dist') },
  }),
  'apps/web/src/main.js': 'one',
  'apps/web/README.md': 'web',
  'apps/web/Dockerfile': 'FROM scratch AS runner\nCOPY dist /app/\n',
  // Builds into the workspace's dist, and another project has the image.
  'apps/site/project.json': JSON.stringify({
    name: 'site',
    targets: { build: compile('apps/site/src', 'dist/apps/site') },
  }),
  'apps/site/src/index.html': 'one',
  'apps/gateway/project.json': JSON.stringify({ name: 'gateway' }),
  'apps/gateway/Dockerfile': 'FROM scratch AS runner\nCOPY dist/apps/site /srv/\n',
  // Nothing tells what makes it: a plugin would infer it.
  'apps/odd/project.json': JSON.stringify({
    name: 'odd',
    targets: { pack: compile('apps/odd/src', 'apps/odd/packed') },
  }),
  'apps/odd/.gitignore': 'packed\n',
  'apps/odd/src/a.txt': 'a',
  'apps/odd/Dockerfile': 'FROM scratch AS runner\nCOPY packed /srv/\n',
  // Another project's private output, in the folder that all share.
  'dist/apps/other/secret.txt': 'private',
};

beforeAll(() => workspace.start(files), 60_000);
afterAll(() => workspace.remove());

const built = (home: string) => workspace.planned(home, 'runner');

test('the targets that make what an image copies run first, and the graph has the edges', async () => {
  expect(await workspace.edges()).toEqual(['gateway -> site']);
  expect(await workspace.tasks('run-many', '-t', 'docker-runner', '-p', 'web,gateway')).toEqual({
    'web:bundle': 'run',
    'web:docker-runner': 'run',
    'site:build': 'run',
    'gateway:docker-runner': 'run',
  });
  expect(Object.keys(built('apps/web'))).toEqual(['dist', 'dist/main.js']);
  expect(Object.keys(built('apps/gateway'))).toEqual([
    'dist/apps/site',
    'dist/apps/site/index.html',
  ]);
});

test('an edit of the source is in the image, in its own project and in another', async () => {
  const before = [built('apps/web'), built('apps/gateway')];
  await workspace.commit(() => {
    workspace.write({ 'apps/web/src/main.js': 'two', 'apps/site/src/index.html': 'two' });
  });
  const affected = ['affected', '-t', 'docker-runner', '--base=HEAD~1', '--head=HEAD'];
  expect(await workspace.tasks(...affected)).toEqual({
    'web:bundle': 'run',
    'web:docker-runner': 'run',
    'site:build': 'run',
    'gateway:docker-runner': 'run',
  });
  expect(built('apps/web')).not.toEqual(before[0]);
  expect(built('apps/gateway')).not.toEqual(before[1]);
});

test('what the built output does not hang on rebuilds nothing', async () => {
  await workspace.commit(() => workspace.append('apps/web/README.md'));
  expect(await workspace.tasks('run', 'web:docker-runner')).toEqual({
    'web:bundle': 'hit',
    'web:docker-runner': 'hit',
  });
});

test('an output that is not there is said in one line, with the target to run', async () => {
  rmSync(join(workspace.root, 'apps/web/dist'), { recursive: true });
  const { status, output } = await workspace.nx(
    'run',
    'web:docker-plan',
    '--exclude-task-dependencies',
  );
  expect(status).toBe(1);
  expect(output).toContain(
    '✗ apps/web/Dockerfile:2: apps/web/dist is not there, which web:bundle makes. Run `nx run web:bundle`',
  );
  expect(output).not.toContain('relative to the build context');
});

test('a target whose outputs only the whole graph knows is refused until docker-plan waits for it', async () => {
  // As of a plugin: the project file does not say it, the graph does.
  const nxJson = JSON.parse(workspace.read('nx.json'));
  const pack = compile('apps/odd/src', 'apps/odd/packed');
  workspace.write({
    'apps/odd/project.json': '{"name":"odd"}',
    'tools/infer.cjs': `exports.createNodes = exports.createNodesV2 = ['apps/odd/project.json', (files) =>
      files.map((file) => [file, { projects: { 'apps/odd': { targets: { pack: ${JSON.stringify(pack)} } } } }])];`,
    'nx.json': JSON.stringify({ ...nxJson, plugins: [...nxJson.plugins, './tools/infer.cjs'] }),
  });
  await workspace.nx('run', 'odd:pack');
  const refused = await workspace.nx('run', 'odd:docker-runner');
  expect(refused.status).not.toBe(0);
  expect(refused.output).toContain(
    '✗ apps/odd/Dockerfile copies apps/odd/packed, which odd:pack makes, and docker-plan does not wait for it',
  );
  const targets = { 'docker-plan': { dependsOn: ['pack'] } };
  workspace.write({ 'apps/odd/project.json': JSON.stringify({ name: 'odd', targets }) });
  expect(await workspace.tasks('run', 'odd:docker-runner')).toMatchObject({ 'odd:pack': 'hit' });
});

test('what comes along with a whole project is said, with who makes it', async () => {
  workspace.write({ 'apps/web/Dockerfile': 'FROM scratch AS runner\nCOPY . /app/\n' });
  const { output } = await workspace.nx('run', 'web:bundle');
  expect(output).toContain('web:bundle');
  const planned = await workspace.nx('run', 'web:docker-plan');
  expect(planned.output).toContain(
    'apps/web/Dockerfile copies apps/web/dist as it lies there: web:bundle makes it, and nothing waits for that',
  );
});
