// Takes 120 s.
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { type RealCache, realCache } from '@excel2doc/oci/testing/remote-cache';
import { expect, onTestFinished, test } from 'vitest';
import { NxWorkspace } from '../testing/nx-workspace';

const LONG_MS = 180_000;
const PROGRAM = resolve(__dirname, '../../from-source/shards.cjs');

/** What no key holds: a fork may change it, and whatever else its own machine does. */
const MADE = 'mkdir -p app/out && echo ${MADE:-good} > app/out/file';

/** A checkout of the same commit on a machine with no cache of its own. */
async function checkout(): Promise<NxWorkspace> {
  const workspace = new NxWorkspace();
  onTestFinished(() => workspace.remove());
  const make = {
    executor: 'nx:run-commands',
    cache: true,
    inputs: ['{projectRoot}/own'],
    outputs: ['{projectRoot}/out'],
    options: { command: MADE },
  };
  await workspace.start({
    'app/project.json': JSON.stringify({ name: 'app', targets: { make } }),
    'app/own': 'own\n',
  });
  await workspace.nx('run-many', '-t', 'make', '--graph=dist/ci/tasks.json');
  return workspace;
}

/** Has the only shard of a run do its work; how its task ended, and what lies there then. */
async function shardOf(
  { url, tokens }: RealCache,
  token: keyof RealCache['tokens'],
  env: Record<string, string> = {},
) {
  const workspace = await checkout();
  const shards = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, ...args], {
      cwd: workspace.root,
      encoding: 'utf8',
      env: {
        ...process.env,
        NX_DAEMON: 'false',
        NX_TUI: 'false',
        CI: 'true',
        NX_SELF_HOSTED_REMOTE_CACHE_SERVER: url,
        NX_SELF_HOSTED_REMOTE_CACHE_ACCESS_TOKEN: tokens[token],
        ...env,
      },
    });
    expect(status, `${stdout}${stderr}`).toBe(0);
  };
  shards('plan', '--tasks=dist/ci/tasks.json', '--shards=1');
  shards('run', '--shard=1');
  const { tasks } = JSON.parse(workspace.read('dist/ci/shards/shard-1.json'));
  return { outcome: tasks[0].outcome as string, made: workspace.read('app/out/file').trim() };
}

test(
  'what a shard of a fork has put under a key no trusted run takes, and no other pull request',
  async () => {
    const server = await realCache();
    const fork = await shardOf(server, 'pr1', { MADE: 'poison' });
    expect(fork).toEqual({ outcome: 'built', made: 'poison' });
    // It lies there, under the very key, for whoever reads the fork's scope.
    expect(await shardOf(server, 'pr1')).toEqual({ outcome: 'remote-hit', made: 'poison' });
    expect(await shardOf(server, 'main')).toEqual({ outcome: 'built', made: 'good' });
    expect(await shardOf(server, 'pr2')).toEqual({ outcome: 'remote-hit', made: 'good' });
  },
  LONG_MS,
);
