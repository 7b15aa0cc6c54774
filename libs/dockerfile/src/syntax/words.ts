import type { RuleSet } from '../rules';
import { isSpace, trimSpace, trimStart } from '@excel2doc/go-text';

/** What BuildKit splits arguments at; a non-breaking space is none. */
const blanks = /[\t\v\f\r ]+/;

/** A syntax error without its place; the caller knows the line. */
export class SyntaxProblem extends Error {}

/** One that BuildKit's parser finds, before it knows what an instruction takes. */
export class ParserProblem extends SyntaxProblem {}

export interface CommandLine {
  word: string;
  flags: string[];
  rest: string;
}

/** `RUN --mount=… make` -> its keyword, its flags without quotes, and the rest. */
export function splitCommand(line: string, written: string, rules: RuleSet): CommandLine {
  // Up to 0.13 the directive `escape` did not count in flags.
  const escape = rules >= 34 ? written : '\\';
  const trimmed = trimSpace(line);
  const blank = blanks.exec(trimmed);
  if (!blank) return { word: trimmed, flags: [], rest: '' };
  const { flags, rest } = splitFlags(trimmed.slice(blank.index + blank[0].length), escape);
  return { word: trimmed.slice(0, blank.index), flags, rest: trimSpace(rest) };
}

// BuildKit reads flags byte by byte, so a flag that is not ASCII arrives there mangled.
function splitFlags(args: string, escape: string): { flags: string[]; rest: string } {
  const bytes = Buffer.from(args, 'utf8').toString('latin1');
  const utf8 = (text: string) => Buffer.from(text, 'latin1').toString('utf8');
  const flags: string[] = [];
  let at = 0;
  for (;;) {
    while (at < bytes.length && isSpace(bytes[at]!)) at++;
    if (!bytes.startsWith('--', at)) return { flags, rest: utf8(bytes.slice(at)) };
    const { word, quoted, end } = flagAt(bytes, at, escape);
    at = end;
    if (word === '--') return { flags, rest: utf8(bytes.slice(at)) };
    if (quoted || word !== '') flags.push(word);
    if (at >= bytes.length) return { flags, rest: '' };
  }
}

function flagAt(line: string, start: number, escape: string) {
  let word = '';
  let quote = '';
  let quoted = false;
  let at = start;
  for (; at < line.length; at++) {
    let character = line[at]!;
    if (quote === '' && isSpace(character)) break;
    if (character === quote) {
      quote = '';
      continue;
    }
    if (quote === '' && (character === '"' || character === "'")) {
      quote = character;
      quoted = true;
      continue;
    }
    if (character === escape) {
      if (at + 1 === line.length) continue;
      character = line[++at]!;
    }
    word += character;
  }
  return { word, quoted, end: at };
}

/** Words of ENV, LABEL and ARG: quotes and escapes stay, they only hold words together. */
export function splitWords(rest: string, escape: string): string[] {
  const words: string[] = [];
  const characters = [...rest];
  let word = '';
  let quote = '';
  let open = false;
  for (let i = 0; i < characters.length; i++) {
    const character = characters[i]!;
    if (quote === '' && isSpace(character)) {
      if (open) words.push(word);
      word = '';
      open = false;
      continue;
    }
    open = true;
    if (character === escape && quote !== "'") {
      if (i + 1 === characters.length) break;
      word += character + characters[++i]!;
      continue;
    }
    if (quote === '' && (character === '"' || character === "'")) quote = character;
    else if (character === quote) quote = '';
    word += character;
  }
  if (open && word !== '') words.push(word);
  return words;
}

export interface NamedValue {
  name: string;
  value: string;
}

/** `A=1 B="2 3"`, or the old form `A 1 2 3`. */
export function splitPairs(
  rest: string,
  keyword: string,
  escape: string,
): { pairs: NamedValue[]; legacy: boolean } {
  const words = splitWords(rest, escape);
  const first = words[0];
  if (first === undefined) throw new SyntaxProblem(`${keyword} requires at least one argument`);
  if (!first.includes('=')) {
    const blank = blanks.exec(rest);
    if (!blank) throw new ParserProblem(`${keyword} must have two arguments`);
    const pair = {
      name: rest.slice(0, blank.index),
      value: rest.slice(blank.index + blank[0].length),
    };
    return { pairs: [pair], legacy: true };
  }
  const pairs = words.map((word) => {
    const equals = word.indexOf('=');
    if (equals < 0)
      throw new ParserProblem(
        `Syntax error - can't find = in ${JSON.stringify(word)}. Must be of the form: name=value`,
      );
    if (equals === 0) throw new SyntaxProblem(`${keyword} names can not be blank`);
    return { name: word.slice(0, equals), value: word.slice(equals + 1) };
  });
  return { pairs, legacy: false };
}

export function splitBlanks(rest: string): string[] {
  return rest === '' ? [] : rest.split(new RegExp(blanks, 'g'));
}

/** A JSON array of strings, or `undefined` for anything else: BuildKit then reads a shell form. */
export function jsonStrings(rest: string, rules: RuleSet): string[] | undefined {
  let text = trimStart(rest);
  if (!text.startsWith('[')) return undefined;
  // What stands behind the array did not count.
  if (rules < 34) text = firstArray(text);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!Array.isArray(value)) return undefined;
  if (!value.every((item) => typeof item === 'string'))
    throw new ParserProblem(
      'when using JSON array syntax, arrays must be comprised of strings only',
    );
  return value.map(wholeCharacters);
}

// Go has no half of a pair.
function wholeCharacters(text: string): string {
  return text.replace(/[\ud800-\udfff]/gu, '\ufffd');
}

function firstArray(text: string): string {
  let depth = 0;
  const token = /"(?:[^"\\]|\\[^])*"|[[\]{}]/g;
  for (let found = token.exec(text); found; found = token.exec(text)) {
    if ('[{'.includes(found[0])) depth++;
    else if (']}'.includes(found[0])) depth--;
    if (depth === 0) return text.slice(0, token.lastIndex);
  }
  return text;
}
