import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';

/** A program that waits for our end, and is no descendant of ours any more. */
export interface Afterwards {
  /** Runs it now, to its end. */
  run(): Promise<void>;
}

/**
 * Waits behind descriptor 3, which we hold open, and heeds no signal. Its shell is gone at once, so
 * that it has no parent of ours: Nx ends every descendant of a task, first by a signal, then by force.
 */
const WAIT = `(trap '' HUP INT TERM; read -r _ <&3; exec 3<&-; "$@" </dev/null >/dev/null 2>&1; exit) &`;

/**
 * Starts a program when we are gone, however that comes about: Ctrl-C, a closed terminal, Nx that
 * ends the tree of a task's processes, kill -9. What it says is dropped.
 */
export async function runAfterwards(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<Afterwards> {
  const shell = spawn('sh', ['-c', WAIT, 'sh', program, ...args], {
    env,
    detached: true,
    // Node closes a child's standard input once that has ended, and its standard output ends with who
    // holds it last.
    stdio: ['ignore', 'pipe', 'ignore', 'pipe'],
  });
  const held = shell.stdio[3] as Socket;
  const output = shell.stdout as Socket;
  // Whoever ends while we do not run it has not to be waited for.
  held.unref();
  output.unref();
  const ended = new Promise<void>((resolve) => output.once('close', () => resolve()));
  output.resume();
  await once(shell, 'exit');
  return {
    async run() {
      output.ref();
      held.destroy();
      await ended;
    },
  };
}
