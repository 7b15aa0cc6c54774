import { diagnose } from '@excel2doc/services';
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
    const print = (text: unknown) => console.error(text);
    const hints = await workspaceHints();
    print(failureLine(error, hints));
    const finding = diagnose(error);
    if (finding)
      print(formatFinding(finding, languageOf(process.env), hints).replace(/^✗/, '  doctor:'));
    const { code } = error as { code?: string };
    if (code === undefined || process.env['NX_VERBOSE_LOGGING'] === 'true') print(error);
    return { success: false };
  }
}

/** Prints a line of what an executor says. */
export const sayLine = (line: string) => void process.stdout.write(`${line}\n`);
