import type { Compose } from '@excel2doc/engine';
import { StagesError } from '@excel2doc/stages';

/**
 * Runs `command` in a running container: with our terminal where there is one, else with our
 * standard input and output passed on.
 *
 * @param name what to call it when it fails
 * @throws StagesError `COMMAND_FAILED` with its exit status.
 */
export async function execIn(
  compose: Compose,
  service: string,
  command: string[],
  name: string,
  options: { user?: string } = {},
): Promise<void> {
  const terminal = process.stdin.isTTY === true && process.stdout.isTTY === true;
  // Nx hides the cursor while a task runs.
  if (terminal) process.stdout.write('\x1b[?25h');
  const { exitCode } = await compose.exec(service, command, {
    ...options,
    output: terminal ? 'terminal' : 'show',
  });
  // A shell ends with the status of its last command, and 130 after Ctrl-C: no failure of ours.
  if (exitCode === 0 || (terminal && exitCode === 130)) return;
  throw new StagesError('COMMAND_FAILED', {
    message: `\`${name}\` in ${service} ended with exit status ${exitCode}`,
    hint: 'Its output stands above; compose-ps shows whether the service runs',
  });
}
