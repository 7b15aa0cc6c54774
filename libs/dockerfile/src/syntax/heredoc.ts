import type { RuleSet } from '../rules';
import { expand, SubstitutionError } from './expand';

export interface Heredoc {
  /** Of the delimiter, without quotes. */
  name: string;
  /** Variables in it are substituted: the delimiter was not quoted. */
  expand: boolean;
  /** `<<-`: leading tabs don't count. */
  chomp: boolean;
  content: string;
}

const unset = () => undefined;

/** Reads `<<EOF`, `<<-"EOF"`, `3<<EOF`; `undefined` when the word is no heredoc. */
export function heredocMark(word: string, rules: RuleSet): Omit<Heredoc, 'content'> | undefined {
  try {
    return readMark(word, rules);
  } catch (error) {
    // An unbalanced quote: BuildKit then takes it for a word like any other.
    if (error instanceof SubstitutionError) return undefined;
    throw error;
  }
}

function readMark(word: string, rules: RuleSet): Omit<Heredoc, 'content'> | undefined {
  const mark = rules >= 34 ? /^(\d*)<<(-?)[\t\n\f\r ]*([^<]*)$/ : /^(\d*)<<(-?)([^<]*)$/;
  const [, , dash, delimiter] = mark.exec(word) ?? [];
  if (delimiter === undefined || delimiter === '') return undefined;
  const plain = expand(delimiter, unset, { escape: '\\', keepUnset: true, rules }).words;
  if (plain.length !== 1) return undefined;
  const raw = expand(delimiter, unset, {
    escape: '\\',
    keepUnset: true,
    rawQuotes: true,
    rules,
  }).words;
  const quotes = (text: string | undefined) => text?.replace(/[^'"]/g, '').length ?? 0;
  return { name: plain[0]!, expand: quotes(plain[0]) === quotes(raw[0]), chomp: dash === '-' };
}

/** The heredocs that a logical line opens, in order. */
export function heredocMarks(line: string, rules: RuleSet): Omit<Heredoc, 'content'>[] {
  let words: string[];
  try {
    const options = { escape: '\\', rawQuotes: true, rawEscapes: true, keepUnset: true, rules };
    words = expand(line, unset, options).words;
  } catch {
    return []; // An unbalanced quote of a shell command: BuildKit then sees no heredoc.
  }
  return words.flatMap((word) => heredocMark(word, rules) ?? []);
}

export function heredocText(heredoc: Heredoc): string {
  return heredoc.chomp ? heredoc.content.replace(/^\t+/gm, '') : heredoc.content;
}
