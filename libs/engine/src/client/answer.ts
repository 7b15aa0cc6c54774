import { randomUUID } from 'node:crypto';
import type { ChildResult } from './child';
import { EngineError } from './error';

/** What runs a command in a container whose output is an answer. */
export interface Question {
  /**
   * The command changes nothing, and what it prints is read: it is asked again where a part of that was
   * lost. It has to be captured, and needs a shell in the container to be held to its last byte.
   */
  isQuestion?: boolean;
}

/** Such a loss comes once in some hundred runs of a machine with too much to do. */
const TRIES = 4;

/** The command as it is, and behind it on either stream a word that nobody else prints. */
const MARKED = '"$@"; s=$?; printf %s "$0"; printf %s "$0" >&2; exit $s';

const NO_SHELL =
  /exec:? "?sh"?: (executable file not found|.*no such file)|executable file `sh` not found/i;

/**
 * Runs `command` so that nothing of what it prints is missing. An engine that has too much to do may drop
 * the output of a container, or its end, and report status 0 ("stream copy error: reading from a closed
 * fifo" in dockerd's log); its own log of the container has it no more. So the command prints a word of
 * ours behind its output, and where that does not come it is run again. Where the container has no shell,
 * an answer that is empty is not believed.
 *
 * @param ask runs a command, its output captured, any status taken
 * @throws EngineError `OUTPUT_LOST`
 */
export async function answerOf(
  command: readonly string[],
  ask: (command: string[]) => Promise<ChildResult>,
): Promise<ChildResult> {
  let hasShell = true;
  for (let tries = 0; tries < TRIES; tries++) {
    const mark = `nx-stages-end-${randomUUID()}`;
    const result = await ask(hasShell ? ['sh', '-c', MARKED, mark, ...command] : [...command]);
    const { exitCode, stdout, stderr } = result;
    if (hasShell && exitCode !== 0 && NO_SHELL.test(stdout + stderr)) {
      hasShell = false;
      tries--;
      continue;
    }
    if (!hasShell) {
      if (exitCode !== 0 || stdout !== '') return result;
      continue;
    }
    const whole = [stdout, stderr].map((text) => withoutMark(text, mark));
    const [out, err] = whole;
    if (out !== undefined && err !== undefined) return { exitCode, stdout: out, stderr: err };
    // Not the command's: the client says why it was not run.
    if (out === undefined && err === undefined && exitCode !== 0 && stderr !== '') return result;
  }
  throw new EngineError('OUTPUT_LOST', {
    message: `The output of \`${command.slice(0, 3).join(' ')}\` in its container did not come whole, ${TRIES} times`,
    hint: 'The engine drops output when it has too much to do: run it again when the machine has less to do',
  });
}

/** Undefined where it is not there. Compose may add a line of its own behind it. */
function withoutMark(text: string, mark: string): string | undefined {
  const at = text.lastIndexOf(mark);
  return at < 0 ? undefined : text.slice(0, at) + text.slice(at + mark.length);
}
