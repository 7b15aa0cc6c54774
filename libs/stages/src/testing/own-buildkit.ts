import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Engine } from '@excel2doc/engine';
import { goTool } from '@excel2doc/oci/testing/go-tool';

const PROGRAM = 'github.com/moby/buildkit/cmd/buildkitd@v0.13.2';

/** Building it once takes minutes. */
export const BUILDKIT_MS = 900_000;

/** A buildkitd behind a TCP port of this machine, with nothing in it. */
export interface OwnBuildKit {
  /** For `docker buildx create --driver remote`. */
  address: string;
  /** As a machine that loses its power: nothing that it ran is left, and nothing was said. */
  kill(): Promise<void>;
  /** As a pod that is evicted: it is told to end, and ends. What it had stays until it is killed. */
  stop(): Promise<void>;
}

/**
 * In namespaces of its own, which go with it: the steps that it runs, and what it has mounted.
 *
 * @param flags of buildkitd, besides
 */
export async function startBuildKit(
  engine: Engine,
  flags: readonly string[] = [],
): Promise<OwnBuildKit> {
  const program = goTool(PROGRAM);
  const home = await mkdtemp(join(tmpdir(), 'buildkit-'));
  const start = 'mount -t tmpfs tmpfs /run && exec "$@"';
  const buildkitd = [
    program,
    `--root=${join(home, 'root')}`,
    '--addr=tcp://127.0.0.1:0',
    `--otel-socket-path=${join(home, 'otel.sock')}`,
    '--containerd-worker=false',
    '--oci-worker-snapshotter=overlayfs',
    ...flags,
  ];
  const namespaces = ['--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
  // The engine's own runc, where that is the private one.
  const PATH = `${dirname(engine.docker)}:${process.env['PATH']}`;
  const child = spawn('unshare', [...namespaces, 'sh', '-c', start, 'sh', ...buildkitd], {
    env: { ...process.env, PATH },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = once(child, 'close');
  const kill = async () => {
    child.kill('SIGKILL');
    await ended;
    await rm(home, { recursive: true, force: true, maxRetries: 5 });
  };
  const stop = async () => {
    const own = await readFile(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8');
    process.kill(Number(own.trim()), 'SIGTERM');
    await ended;
  };
  try {
    return { address: `tcp://127.0.0.1:${await listeningPort(child)}`, kill, stop };
  } catch (error) {
    await kill();
    throw error;
  }
}

function listeningPort(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    const lines: string[] = [];
    createInterface(child.stderr!).on('line', (line) => {
      const port = /running server on 127\.0\.0\.1:(\d+)/.exec(line)?.[1];
      if (port) resolve(port);
      else if (lines.length < 50) lines.push(line);
    });
    child.once('error', reject);
    child.once('close', () => reject(new Error(`buildkitd ended:\n${lines.join('\n')}`)));
  });
}
