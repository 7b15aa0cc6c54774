// Takes 60 s.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { NxWorkspace } from '../testing/nx-workspace';

const workspace = new NxWorkspace();
beforeAll(() =>
  workspace.start({
    'base/Dockerfile': 'FROM scratch AS out\nCOPY base.txt /\nONBUILD COPY dist/ /app/\n',
    'base/base.txt': 'base\n',
    // BuildKit carries it out from Dockerfile 1.11 on.
    'picking/Dockerfile':
      'FROM scratch AS out\nCOPY own.txt /\nONBUILD COPY --from=tool /tool.txt /tool.txt\n',
    'picking/own.txt': 'own\n',
    'picks/Dockerfile': 'FROM picking:dev AS out\n',
    'tool/Dockerfile': 'FROM scratch AS out\nCOPY tool.txt /\n',
    'tool/tool.txt': 'tool\n',
    'api/project.json': JSON.stringify({
      name: 'api',
      targets: {
        build: {
          command: 'mkdir -p api/dist && cp api/source.txt api/dist/',
          outputs: ['{projectRoot}/dist'],
        },
      },
    }),
    'api/source.txt': 'one\n',
    'api/Dockerfile': 'FROM base:dev AS out\nLABEL own=1\n',
  }),
);
afterAll(() => workspace.remove());

const digests = () =>
  workspace
    .list('dist/api/docker/out', true)
    .filter((path) => path.endsWith('image.json'))
    .map((path) => JSON.parse(workspace.read(`dist/api/docker/out/${path}`)).digest as string);

test("a trigger's COPY takes what a target makes now", async () => {
  const first = await workspace.tasks('run', 'api:docker-out', '--outputStyle=stream');
  expect(first).toMatchObject({ 'api:build': 'run', 'base:docker-out': 'run' });
  const [before] = digests();
  expect(before).toMatch(/^sha256:/);
  workspace.write({ 'api/source.txt': 'two\n' });
  await workspace.tasks('run', 'api:docker-out');
  expect(digests()).toHaveLength(1);
  expect(digests()[0]).not.toBe(before);
  // No change, no build.
  const again = await workspace.tasks('run', 'api:docker-out', '--outputStyle=stream');
  expect(again['api:docker-out']).toBe('hit');
}, 300_000);

test("a trigger's COPY from another project's image has this image's digest in the key", async () => {
  const plan = async () => {
    const { status, output } = await workspace.nx('run', 'picks:docker-plan');
    expect(status, output).toBe(0);
    expect(output).not.toContain('is not cached');
    return workspace.read('dist/picks/docker/plan/out.json');
  };
  const before = await plan();
  workspace.write({ 'tool/tool.txt': 'sharp\n' });
  expect(await plan()).not.toBe(before);
}, 300_000);
