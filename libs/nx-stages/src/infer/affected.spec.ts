import { afterAll, beforeAll, expect, test } from 'vitest';
import { NxWorkspace } from '../testing/nx-workspace';

/** No stage of it needs an engine. */
const workspace = new NxWorkspace();

const files = {
  '.gitignore': 'node_modules\ndist\n.nx\ngenerated.py\n',
  'nx.json': JSON.stringify({
    analytics: false,
    cacheDirectory: '.nx/cache',
    plugins: [{ plugin: '@excel2doc/nx-stages', include: ['apps/**', 'docker/**'] }],
  }),
  'apps/api/project.json': '{"name":"api"}',
  'apps/api/Dockerfile':
    'FROM scratch AS deps\nCOPY requirements.txt /\n' +
    'FROM deps AS runner\nARG VERSION\nLABEL version=$VERSION\nCOPY app /app\n',
  'apps/api/requirements.txt': 'fastapi==1.0\n',
  'apps/api/app/main.py': 'app',
  'apps/api/app/generated.py': '1',
  'apps/api/README.md': 'readme',
  // Its context is the workspace, and it reads a folder that is another project's.
  'apps/shop/project.json': '{"name":"shop"}',
  'apps/shop/Dockerfile':
    'FROM scratch AS runner\nCOPY libs/prices /prices\nCOPY apps/shop/app /app\n',
  'apps/shop/app/main.py': 'shop',
  'docker/compose.yaml': composeWith('1'),
  'libs/prices/project.json': '{"name":"prices"}',
  'libs/prices/prices.py': 'prices',
  'libs/other/other.py': 'other',
};

function composeWith(version: string): string {
  return `services: { api: { build: { context: ../apps/api, args: { VERSION: ${version} } } } }\n`;
}

const append = (file: string) => () => workspace.append(file);

/** The tasks that `nx affected` ran for the last commit, and how each ended. */
const affected = () =>
  workspace.tasks('affected', '-t', 'docker-runner', '--base=HEAD~1', '--head=HEAD');

beforeAll(async () => {
  await workspace.start(files);
  expect(await workspace.tasks('run-many', '-t', 'docker-runner')).toEqual({
    'api:docker-deps': 'run',
    'api:docker-runner': 'run',
    'shop:docker-runner': 'run',
  });
}, 240_000);
afterAll(() => workspace.remove());

test('a change in the folder that no stage reads runs nothing but cache hits', async () => {
  await workspace.commit(append('apps/api/README.md'));
  expect(await affected()).toEqual({
    'api:docker-deps': 'hit',
    'api:docker-runner': 'hit',
  });
});

test('a change that one stage reads runs that stage', async () => {
  await workspace.commit(append('apps/api/app/main.py'));
  expect(await affected()).toEqual({
    'api:docker-deps': 'hit',
    'api:docker-runner': 'run',
  });
});

test('a change elsewhere affects no image', async () => {
  await workspace.commit(append('libs/other/other.py'));
  expect(await affected()).toEqual({});
});

test("a change in another project's file that a stage copies affects the stage's project", async () => {
  await workspace.commit(append('libs/prices/prices.py'));
  expect(await affected()).toEqual({ 'shop:docker-runner': 'run' });
});

test('a moved base affects every image, and rebuilds none that is not built on it', async () => {
  const lock = { format: 1, images: { 'python:3.12': { digest: `sha256:${'1'.repeat(64)}` } } };
  await workspace.commit(() =>
    workspace.write({ 'docker/images.lock.json': JSON.stringify(lock) }),
  );
  expect(await affected()).toEqual({
    'api:docker-deps': 'hit',
    'api:docker-runner': 'hit',
    'shop:docker-runner': 'hit',
  });
});

test('an argument that a Compose file declares rebuilds the stages that use it', async () => {
  await workspace.commit(() => workspace.write({ 'docker/compose.yaml': composeWith('2') }));
  expect(await affected()).toEqual({
    'api:docker-deps': 'hit',
    'api:docker-runner': 'run',
  });
});

test("an argument of a target's own options wins over the declared one", async () => {
  const own = { 'docker-plan': { options: { buildArgs: { VERSION: '2' } } } };
  await workspace.commit(() =>
    workspace.write({
      'docker/compose.yaml': composeWith('3'),
      'apps/api/project.json': JSON.stringify({ name: 'api', targets: own }),
    }),
  );
  await affected();
  const plan = workspace.read('dist/apps/api/docker/plan/runner.json');
  expect(JSON.parse(plan).platforms[0].args).toEqual({ VERSION: '2' });
});

test('a file that git ignores is seen by the plan, though by no input of Nx', async () => {
  workspace.append('apps/api/app/generated.py');
  expect(await workspace.tasks('run', 'api:docker-runner')).toEqual({
    'api:docker-deps': 'hit',
    'api:docker-runner': 'run',
  });
});
