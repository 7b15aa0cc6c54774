import { execFile } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

/** A workspace of its own with Nx and this plugin, in git. No stage of it needs an engine. */
const root = mkdtempSync(join(tmpdir(), 'affected-'));
const repository = resolve(__dirname, '../../../..');
const run = promisify(execFile);

const files: Record<string, string> = {
  '.gitignore': 'node_modules\ndist\n.nx\ngenerated.py\n',
  'package.json': '{"name":"scratch","private":true}',
  'nx.json': JSON.stringify({
    analytics: false,
    cacheDirectory: '.nx/cache',
    plugins: [{ plugin: '@excel2doc/nx-stages', include: ['apps/**', 'docker/**'] }],
  }),
  'docker/images.lock.json': '{"format":1,"images":{}}',
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

async function git(...args: string[]): Promise<void> {
  await run('git', ['-c', 'user.name=test', '-c', 'user.email=test@localhost', ...args], {
    cwd: root,
  });
}

async function commit(edit: () => void): Promise<void> {
  edit();
  await git('add', '-A');
  await git('commit', '-qm', 'edit');
}

const append = (file: string) => appendFileSync(join(root, file), '\n# edited\n');

async function nx(...args: string[]): Promise<string> {
  // Nx puts its own state of the outer run into the environment.
  const outer = Object.entries(process.env).filter(([key]) => !/^(?:NX_|VITEST)/.test(key));
  const { stdout } = await run(join(root, 'node_modules/.bin/nx'), args, {
    cwd: root,
    env: {
      ...Object.fromEntries(outer),
      NX_DAEMON: 'false',
      NX_ISOLATE_PLUGINS: 'false',
      FORCE_COLOR: '0',
      // Nx reads the TypeScript of plugins within its workspace only.
      NODE_OPTIONS: `--import ${pathToFileURL(require.resolve('tsx'))}`,
    },
  });
  return stdout;
}

/** The tasks that `nx affected` ran for the last commit, and how each ended. */
async function affected(): Promise<Record<string, 'hit' | 'run'>> {
  return tasks(await nx('affected', '-t', 'docker-runner', '--base=HEAD~1', '--head=HEAD'));
}

function tasks(output: string): Record<string, 'hit' | 'run'> {
  const lines = output.matchAll(
    /^[>✔] +nx run (\S+?)( +\[(?:local cache|existing outputs match).*)?$/gm,
  );
  return Object.fromEntries([...lines].map(([, task, hit]) => [task, hit ? 'hit' : 'run']));
}

beforeAll(async () => {
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  }
  symlinkSync(join(repository, 'node_modules'), join(root, 'node_modules'));
  await git('init', '-q', '-b', 'main');
  await commit(() => undefined);
  expect(tasks(await nx('run-many', '-t', 'docker-runner'))).toEqual({
    'api:docker-deps': 'run',
    'api:docker-runner': 'run',
    'shop:docker-runner': 'run',
  });
}, 240_000);
afterAll(() => rmSync(root, { recursive: true, force: true }));

test('a change in the folder that no stage reads runs nothing but cache hits', async () => {
  await commit(() => append('apps/api/README.md'));
  expect(await affected()).toEqual({
    'api:docker-deps': 'hit',
    'api:docker-runner': 'hit',
  });
});

test('a change that one stage reads runs that stage', async () => {
  await commit(() => append('apps/api/app/main.py'));
  expect(await affected()).toEqual({
    'api:docker-deps': 'hit',
    'api:docker-runner': 'run',
  });
});

test('a change elsewhere affects no image', async () => {
  await commit(() => append('libs/other/other.py'));
  expect(await affected()).toEqual({});
});

test("a change in another project's file that a stage copies affects the stage's project", async () => {
  await commit(() => append('libs/prices/prices.py'));
  expect(await affected()).toEqual({ 'shop:docker-runner': 'run' });
});

test('a moved base affects every image, and rebuilds none that is not built on it', async () => {
  const lock = { format: 1, images: { 'python:3.12': { digest: `sha256:${'1'.repeat(64)}` } } };
  await commit(() => writeFileSync(join(root, 'docker/images.lock.json'), JSON.stringify(lock)));
  expect(await affected()).toEqual({
    'api:docker-deps': 'hit',
    'api:docker-runner': 'hit',
    'shop:docker-runner': 'hit',
  });
});

test('an argument that a Compose file declares rebuilds the stages that use it', async () => {
  await commit(() => writeFileSync(join(root, 'docker/compose.yaml'), composeWith('2')));
  expect(await affected()).toEqual({
    'api:docker-deps': 'hit',
    'api:docker-runner': 'run',
  });
});

test("an argument of a target's own options wins over the declared one", async () => {
  const own = { 'docker-plan': { options: { buildArgs: { VERSION: '2' } } } };
  await commit(() => {
    writeFileSync(join(root, 'docker/compose.yaml'), composeWith('3'));
    writeFileSync(
      join(root, 'apps/api/project.json'),
      JSON.stringify({ name: 'api', targets: own }),
    );
  });
  await affected();
  const plan = readFileSync(join(root, 'dist/apps/api/docker/plan/runner.json'), 'utf8');
  expect(JSON.parse(plan).platforms[0].args).toEqual({ VERSION: '2' });
});

test('a file that git ignores is seen by the plan, though by no input of Nx', async () => {
  append('apps/api/app/generated.py');
  expect(tasks(await nx('run', 'api:docker-runner'))).toEqual({
    'api:docker-deps': 'hit',
    'api:docker-runner': 'run',
  });
});
