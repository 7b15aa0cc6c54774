import { diagnose } from './doctor/diagnose';
import { formatFinding, languageOf } from './doctor/finding';
import { unwritable } from './unwritable';

/** An error that a library made for people: what happened, and what to do next. */
interface Reportable extends Error {
  code: string;
  hint?: string;
}

/**
 * Runs an executor's body. A failure is printed as one line, `✗ what happened. What to do next.`;
 * `tools/steps.ts` looks for that line. What the doctor knows about it
 * follows. `--verbose` adds the cause.
 */
export async function report(body: () => Promise<void>): Promise<{ success: boolean }> {
  try {
    await body();
    return { success: true };
  } catch (error) {
    const { code } = error as Reportable;
    const { message, hint } = unwritable(error) ?? (error as Reportable);
    // eslint-disable-next-line no-console
    const print = (text: unknown) => console.error(text);
    print(`✗ ${[message, hint].filter(Boolean).map(sentence).join(' ')}`);
    const finding = diagnose(error);
    if (finding) print(formatFinding(finding, languageOf(process.env)).replace(/^✗/, '  doctor:'));
    if (code === undefined || process.env['NX_VERBOSE_LOGGING'] === 'true') print(error);
    return { success: false };
  }
}

const sentence = (text = '') => (/[.!?:]$/.test(text.trimEnd()) ? text : `${text}.`);
