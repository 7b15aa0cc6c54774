// Takes 30 s.
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { NxWorkspace } from '../testing/nx-workspace';

const LONG_MS = 180_000;
const PROGRAM = resolve(__dirname, '../../from-source/shards.cjs');

const workspace = new NxWorkspace();
/** What is looked at once a stage is made. */
const check = { command: 'true', dependsOn: ['docker-out'] };
const project = (name: string, dockerfile: string) => ({
  [`${name}/project.json`]: JSON.stringify({ name, targets: { check } }),
  [`${name}/Dockerfile`]: dockerfile,
  [`${name}/own`]: name,
});

beforeAll(async () => {
  await workspace.start({
    ...project('base', 'FROM scratch AS out\nCOPY own /own\n'),
    ...project('bad', 'FROM base:dev AS out\nCOPY not-there /own\n'),
    ...project('on-bad', 'FROM bad:dev AS out\nCOPY own /own2\n'),
    ...project('good', 'FROM base:dev AS out\nCOPY own /own\n'),
  });
  await workspace.nx('run-many', '-t', 'check', '--graph=dist/ci/tasks.json');
  shards('plan', '--tasks=dist/ci/tasks.json', '--shards=1');
}, LONG_MS);
afterAll(() => workspace.remove());

/** All that it said, its exit status in front. */
function shards(...args: string[]): string {
  const { NX_SELF_HOSTED_REMOTE_CACHE_SERVER: _, ...others } = process.env;
  const env = { ...others, NX_DAEMON: 'false', NX_TUI: 'false', CI: 'true' };
  const around = { cwd: workspace.root, env, encoding: 'utf8' as const };
  const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, ...args], around);
  return `${status} ${stdout}${stderr}`;
}

test(
  'where a task fails the shard says so of it alone, and runs what does not stand on it',
  () => {
    const said = shards('run', '--shard=1');
    expect(said).toMatch(/^1 /);
    expect(said.trimEnd().split('\n').at(-1)).toBe(
      '✗ Shard 1 of 1: bad:docker-out failed, and bad:check, on-bad:check, on-bad:docker-out did not run. What they said stands above.',
    );
    const record = JSON.parse(workspace.read('dist/ci/shards/shard-1.json'));
    const outcomes = record.tasks.map(({ id, outcome }: Record<string, string>) => [id, outcome]);
    expect(Object.fromEntries(outcomes)).toMatchObject({
      'base:docker-out': 'built',
      'good:check': 'built',
      'bad:docker-out': 'failed',
      'on-bad:check': 'skipped',
    });
    expect(shards('join')).toMatch(
      /^1 ✗ bad:docker-out failed, and (\S+, ){2}\S+ did not run\. What/,
    );
  },
  LONG_MS,
);

test(
  'once it is mended, a second run of the shard is all through, and so is the last job',
  () => {
    workspace.write({ 'bad/not-there': 'it is there\n' });
    expect(shards('run', '--shard=1')).toMatch(/^0 [^]*Shard 1 of 1: all 8 tasks are through\n$/);
    expect(shards('join')).toBe('0 1 shard: all 8 tasks are through\n');
  },
  LONG_MS,
);
