// Takes 60 s.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NxWorkspace } from '../testing/nx-workspace';

/** Two images, of which one stands on the other. No stage needs an engine. */
const files = {
  'images/base/project.json': '{"name":"base"}',
  'images/base/Dockerfile': 'FROM scratch AS out\nCOPY base.txt /\n',
  'images/base/base.txt': 'base',
  'images/api/project.json': '{"name":"api"}',
  'images/api/Dockerfile': 'FROM base:dev AS out\nCOPY api.txt /\n',
  'images/api/api.txt': 'api',
};
const each = (base: 'hit' | 'run', api: 'hit' | 'run') => ({
  'base:docker-out': base,
  'api:docker-out': api,
});

describe.each(['false', 'true'])('NX_DAEMON=%s', (daemon) => {
  const workspace = new NxWorkspace({ NX_DAEMON: daemon });
  const build = () => workspace.tasks('run-many', '-t', 'docker-out');

  beforeAll(() => workspace.start(files), 60_000);
  afterAll(async () => {
    await workspace.nx('daemon', '--stop');
    workspace.remove();
  });

  test('what has not changed is a hit, and an edit is built', async () => {
    expect(await build()).toEqual(each('run', 'run'));
    expect(await build()).toEqual(each('hit', 'hit'));
    workspace.append('images/api/api.txt');
    expect(await build()).toEqual(each('hit', 'run'));
    workspace.append('images/base/base.txt');
    expect(await build()).toEqual(each('run', 'run'));
    expect(await build()).toEqual(each('hit', 'hit'));
  }, 240_000);

  test('a daemon has run where it was asked for, and nowhere else', () => {
    expect(workspace.has('.nx/workspace-data/d/daemon.log')).toBe(daemon === 'true');
  });

  test('a daemon that is killed costs no hit, and makes none', async () => {
    await build();
    const file = '.nx/workspace-data/d/server-process.json';
    if (workspace.has(file)) process.kill(JSON.parse(workspace.read(file)).processId, 'SIGKILL');
    else expect(daemon).toBe('false');
    expect(await build()).toEqual(each('hit', 'hit'));
    workspace.append('images/api/api.txt');
    expect(await build()).toEqual(each('hit', 'run'));
  }, 240_000);

  test('nx affected takes the image that was edited, and what stands on it', async () => {
    await workspace.commit(() => workspace.append('images/api/api.txt'));
    const affected = () =>
      workspace.tasks('affected', '-t', 'docker-out', '--base=HEAD~1', '--head=HEAD');
    expect(await affected()).toEqual(each('hit', 'run'));
    await workspace.commit(() => workspace.append('images/base/base.txt'));
    expect(await affected()).toEqual(each('run', 'run'));
  }, 120_000);

  test('Nx shows the target and draws the tasks', async () => {
    const { output } = await workspace.nx('show', 'target', 'api:docker-out', '--json');
    expect(JSON.parse(output.slice(output.indexOf('{')))).toMatchObject({ cache: true });
    const drawn = await workspace.nx('run', 'api:docker-out', '--graph=.nx/tasks.json');
    expect(drawn.status, drawn.output).toBe(0);
    const { tasks } = JSON.parse(workspace.read('.nx/tasks.json'));
    expect(Object.keys(tasks.tasks).sort()).toEqual(['api:docker-out', 'base:docker-out']);
  }, 120_000);
});
