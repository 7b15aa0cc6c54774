// Takes 90 s.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { NxWorkspace } from './testing/nx-workspace';

/**
 * A chain of three (base, runtime, api), and a diamond: both runtime and tools are built on base, and
 * site takes from each. None has a RUN, so no engine is asked.
 */
const workspace = new NxWorkspace();
const project = (name: string, dockerfile: string) => ({
  [`images/${name}/project.json`]: JSON.stringify({ name }),
  [`images/${name}/Dockerfile`]: dockerfile,
  [`images/${name}/${name}.txt`]: name,
});

beforeAll(
  () =>
    workspace.start({
      ...project('base', 'FROM scratch AS deps\nENV BASE=1\nFROM deps AS out\nCOPY base.txt /\n'),
      ...project('runtime', 'FROM base:dev AS out\nCOPY runtime.txt /$BASE/\n'),
      ...project(
        'tools',
        'FROM scratch AS own\nCOPY tools.txt /\nFROM base AS out\nCOPY --from=own /tools.txt /\n',
      ),
      ...project('api', 'FROM runtime:dev AS out\nCOPY api.txt /\n'),
      ...project(
        'site',
        'FROM runtime AS out\nCOPY --from=tools:dev /tools.txt /\nCOPY site.txt /\n',
      ),
    }),
  60_000,
);
afterAll(() => workspace.remove());

const affected = () =>
  workspace.tasks('affected', '-t', 'docker-out', '--base=HEAD~1', '--head=HEAD');
const rebuilt = (tasks: Record<string, string>) =>
  Object.keys(tasks)
    .filter((task) => tasks[task] === 'run' && task.endsWith(':docker-out'))
    .map((task) => task.split(':')[0])
    .sort();
const record = (name: string) => {
  const [platform] = workspace.list(`dist/images/${name}/docker/out`).filter((n) => /-/.test(n));
  return JSON.parse(workspace.read(`dist/images/${name}/docker/out/${platform}/image.json`)) as {
    digest: string;
    base: { kind: string; digest: string };
    layers: { digest: string; from: string }[];
  };
};

test('the graph has an edge for each, and all are built in order', async () => {
  expect(await workspace.edges()).toEqual([
    'api -> runtime',
    'runtime -> base',
    'site -> runtime',
    'site -> tools',
    'tools -> base',
  ]);
  const tasks = await workspace.tasks('run', 'api:docker-out');
  expect(rebuilt(tasks)).toEqual(['api', 'base', 'runtime']);
  expect(record('api').base.digest).toBe(record('runtime').digest);
  expect(record('runtime').base.digest).toBe(record('base').digest);
});

test('an output holds only what is above the other project', () => {
  const own = record('api').layers.filter(({ from }) => from === 'self');
  expect(own).toHaveLength(1);
  expect(record('api').layers).toHaveLength(3);
  expect(
    workspace.list('dist/images/api/docker/out', true).filter((p) => /sha256\//.test(p)),
  ).toHaveLength(3);
});

test('an edit of the base builds all above it, in a diamond too', async () => {
  await workspace.tasks('run-many', '-t', 'docker-out');
  await workspace.commit(() => workspace.append('images/base/base.txt'));
  expect(rebuilt(await affected())).toEqual(['api', 'base', 'runtime', 'site', 'tools']);
  expect(record('api').base.digest).toBe(record('runtime').digest);
});

test('an edit above leaves what is below a hit, and one at the side what is beside it', async () => {
  await workspace.commit(() => workspace.append('images/api/api.txt'));
  expect(rebuilt(await affected())).toEqual(['api']);
  await workspace.commit(() => workspace.append('images/tools/tools.txt'));
  expect(rebuilt(await affected())).toEqual(['site', 'tools']);
  // Of the tools of now, though their plan is the one of before: what they copy came out another.
  const { digest } = record('site');
  await workspace.tasks('run', 'site:docker-out', '--skip-nx-cache', '--batch=false');
  expect(record('site').digest).toBe(digest);
});

test('what leaves the base as it was builds nothing above it', async () => {
  await workspace.commit(() => workspace.append('images/base/Dockerfile', '# a comment\n'));
  expect(rebuilt(await affected())).toEqual([]);
});

test('docker-explain says whose image is meant', async () => {
  const { output } = await workspace.nx('run', 'api:docker-explain');
  expect(output).toContain(
    'runtime:dev is the image of project runtime (runtime:docker-out), whatever a registry has',
  );
});

test('an image that is not there yet is said with the target to run', async () => {
  await workspace.nx('reset');
  workspace.delete('dist');
  const { status, output } = await workspace.nx(
    'run',
    'api:docker-plan',
    '--exclude-task-dependencies',
  );
  expect(status).not.toBe(0);
  expect(output).toMatch(
    /✗ images\/api\/Dockerfile: runtime:dev is the image of project runtime, which is not there for linux\/\w+. Run `nx run runtime:docker-out`/,
  );
});
