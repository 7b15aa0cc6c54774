import { inspect } from 'node:util';
import { failureLine, formatFinding, languageOf } from '@excel2doc/stages';
import { workspaceHints } from './project';

/**
 * Runs an executor's body. A failure is printed as one line, `✗ what happened. What to do next.`;
 * what the doctor knows about it follows. `--verbose` adds the cause.
 */
export async function report(body: () => Promise<void>): Promise<{ success: boolean }> {
  try {
    await body();
    return { success: true };
  } catch (error) {
    // eslint-disable-next-line no-console
    for (const text of await failed(error)) console.error(text);
    return { success: false };
  }
}

/** What is said of a failure, a text each. */
export async function failed(error: unknown): Promise<string[]> {
  // All that looks after services comes with it: what goes well does not wait for that to be read.
  const { diagnose } = await import('@excel2doc/services');
  const hints = await workspaceHints();
  const finding = diagnose(error);
  const { code } = error as { code?: string };
  const isWhole = code === undefined || process.env['NX_VERBOSE_LOGGING'] === 'true';
  return [
    failureLine(error, hints),
    ...(finding
      ? [formatFinding(finding, languageOf(process.env), hints).replace(/^✗/, '  doctor:')]
      : []),
    ...(isWhole ? [inspect(error)] : []),
  ];
}

/** Prints a line of what an executor says. */
export const sayLine = (line: string) => void process.stdout.write(`${line}\n`);
