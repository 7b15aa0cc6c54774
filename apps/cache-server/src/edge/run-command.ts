import { spawn } from 'node:child_process';
import { constants } from 'node:os';

const forwarded = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;

/**
 * Runs a command with our terminal, and passes signals on.
 *
 * @returns its exit status, or 128 and the number of the signal that ended it, as a shell does
 */
export function runCommand(command: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const [file, ...args] = command;
  const child = spawn(file!, args, { stdio: 'inherit', env, shell: process.platform === 'win32' });
  // A terminal's Ctrl-C reaches the whole group by itself; the child must not get it twice.
  const pass = (signal: NodeJS.Signals) => {
    if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
  };
  forwarded.forEach((signal) => process.on(signal, pass));
  return new Promise<number>((resolve) => {
    child.once('error', (error: NodeJS.ErrnoException) => {
      process.stderr.write(`excel2doc-cache: ${file}: ${error.message}\n`);
      resolve(error.code === 'ENOENT' ? 127 : 126);
    });
    child.once('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal!]));
  }).finally(() => forwarded.forEach((signal) => process.off(signal, pass)));
}
