import { unwritable } from './unwritable';

/**
 * `✗ what happened. What to do next.`: how every failure is told to a person.
 *
 * @param hints what the workspace adds, by the error's code
 */
export function failureLine(error: unknown, hints: Readonly<Record<string, string>> = {}): string {
  const { code = '' } = error as { code?: string };
  const { message, hint } = unwritable(error) ?? (error as Error & { hint?: string });
  return `✗ ${[message, hint, hints[code]].filter(Boolean).map(sentence).join(' ')}`;
}

const sentence = (text = '') => (/[.!?:]$/.test(text.trimEnd()) ? text : `${text}.`);
