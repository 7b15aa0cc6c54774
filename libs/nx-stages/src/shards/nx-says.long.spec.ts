// Takes 40 s.
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { NxWorkspace } from '../testing/nx-workspace';

const LONG_MS = 180_000;
const PROGRAM = resolve(__dirname, '../../from-source/shards.cjs');

const workspace = new NxWorkspace();

beforeAll(async () => {
  const serve = { command: 'sleep 600', continuous: true };
  const e2e = { command: 'true', dependsOn: ['serve'] };
  const check = { command: 'true' };
  await workspace.start({
    'web/project.json': JSON.stringify({ name: 'web', targets: { serve, e2e, check } }),
    'ends-badly.cjs': 'exports.postTasksExecution = () => process.env.ENDS_BADLY && process.exit(3);\n',
  }); // prettier-ignore
}, LONG_MS);
afterAll(() => workspace.remove());

/** All that it said, its exit status in front. */
function shards(args: string[], more: NodeJS.ProcessEnv = {}): string {
  const { NX_SELF_HOSTED_REMOTE_CACHE_SERVER: _, ...others } = process.env;
  const env = { ...others, NX_DAEMON: 'false', NX_TUI: 'false', CI: 'true', ...more };
  const around = { cwd: workspace.root, env, encoding: 'utf8' as const, timeout: 120_000 };
  const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, ...args], around);
  return `${status} ${stdout}${stderr}`;
}

async function planned(...targets: string[]): Promise<void> {
  await workspace.nx('run-many', '-t', ...targets, '--graph=dist/ci/tasks.json');
  shards(['plan', '--tasks=dist/ci/tasks.json', '--shards=1']);
}

test(
  'what is continuous is run with what depends on it, and ends with it',
  async () => {
    await planned('e2e', 'serve');
    expect(shards(['run', '--shard=1'])).toMatch(/^0 [^]*all 1 tasks are through\n$/);
    expect(shards(['join'])).toBe('0 1 shard: all 1 tasks are through\n');
    expect(JSON.parse(workspace.read('dist/ci/times.json'))['web:serve']).toBeUndefined();
  },
  LONG_MS,
);

test(
  'a task that was asked for and of which Nx says nothing has not run, though Nx ended well',
  async () => {
    await planned('check');
    const project = workspace.read('web/project.json');
    workspace.write({ 'web/project.json': JSON.stringify({ name: 'web', targets: {} }) });
    const said = shards(['run', '--shard=1']);
    workspace.write({ 'web/project.json': project });
    expect(said).toMatch(/^1 [^]*✗ Shard 1 of 1: web:check did not run/);
    expect(shards(['join'])).toMatch(/^1 ✗ web:check did not run/);
    expect(JSON.parse(workspace.read('dist/ci/times.json'))['web:check']).toBeUndefined();
  },
  LONG_MS,
);

test(
  'where Nx fails and calls all tasks good, the shard is red and the last job too',
  async () => {
    const nxJson = JSON.parse(workspace.read('nx.json'));
    nxJson.plugins.push('./ends-badly.cjs');
    workspace.write({ 'nx.json': JSON.stringify(nxJson) });
    await planned('check');
    expect(shards(['run', '--shard=1'], { ENDS_BADLY: '1', NX_ISOLATE_PLUGINS: 'false' })).toMatch(
      /^1 [^]*Nx failed at check of web, though it says that no task of them did/,
    );
    expect(shards(['join'])).toMatch(/^1 ✗ Nx failed at check of web/);
  },
  LONG_MS,
);
