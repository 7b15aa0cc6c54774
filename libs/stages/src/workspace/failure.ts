import { unwritable } from './unwritable';

/** `✗ what happened. What to do next.`: how every failure is told to a person. */
export function failureLine(error: unknown): string {
  const { message, hint } = unwritable(error) ?? (error as Error & { hint?: string });
  return `✗ ${[message, hint].filter(Boolean).map(sentence).join(' ')}`;
}

const sentence = (text = '') => (/[.!?:]$/.test(text.trimEnd()) ? text : `${text}.`);
