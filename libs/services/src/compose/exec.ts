import type { Compose } from '@excel2doc/engine';
import { StagesError } from '@excel2doc/stages';

/**
 * Runs `command` in a running container: with our terminal where there is one, else with our
 * standard input and output passed on.
 *
 * @param name what to call it when it fails
 * @param options `shell`: a person works in it; on a terminal its last status is no failure
 * @throws StagesError `COMMAND_FAILED` with its exit status.
 */
export async function execIn(
  compose: Compose,
  service: string,
  command: string[],
  name: string,
  options: { user?: string; shell?: boolean } = {},
): Promise<void> {
  const terminal = process.stdin.isTTY === true && process.stdout.isTTY === true;
  // Nx hides the cursor while a task runs.
  if (terminal) process.stdout.write('\x1b[?25h');
  const { shell = false, ...inContainer } = options;
  const { exitCode } = await compose.exec(service, command, {
    ...inContainer,
    output: terminal ? 'terminal' : 'show',
  });
  if (exitCode === 0 || (terminal && exitCode === 130)) return;
  // Somebody who leaves a shell leaves it with the status of the last command.
  if (terminal && shell && (await wasStarted(compose, service, command[0] ?? '', exitCode))) return;
  throw new StagesError('COMMAND_FAILED', {
    message: `\`${name}\` in ${service} ended with exit status ${exitCode}`,
    hint: 'Its output stands above; compose-ps shows whether the service runs',
  });
}

/**
 * Whether a shell that ended with `exitCode` was there at all: the client ends with 1 where the
 * service does not run, and with 126 or 127, as a shell does too, where the program cannot be started.
 */
async function wasStarted(
  compose: Compose,
  service: string,
  program: string,
  exitCode: number,
): Promise<boolean> {
  if (![1, 126, 127].includes(exitCode)) return true;
  const probe = ['-c', program === 'sh' ? 'exit 0' : `command -v ${program}`];
  return (await compose.exec(service, ['sh', ...probe])).exitCode === 0;
}
