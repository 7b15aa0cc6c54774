import { octetsOf } from './bytes';
import { isNewerThanGo } from './newer-unicode';
import { runeAt } from './rune';

const named: Record<string, string> = {
  '\\': '\\\\',
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
};
const printable = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;

/** Go's strconv.Quote: `"` around a string in which nothing but printable characters stands. */
export function quote(text: string): string {
  const octets = octetsOf(text);
  let quoted = '';
  for (let at = 0; at < octets.length;) {
    const { code, size, valid } = runeAt(octets, at);
    quoted += valid ? shown(code, '"') : hex('x', octets.charCodeAt(at), 2);
    at += size;
  }
  return `"${quoted}"`;
}

/** Go's strconv.QuoteRune: a number as the character that has it, in `'`. */
export function quoteRune(code: number): string {
  const isCharacter = code >= 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
  return `'${shown(isCharacter ? code : 0xfffd, "'")}'`;
}

/** A list as Go's `%q` has it: `["a" "b"]`. */
export function quoteList(texts: readonly string[]): string {
  return `[${texts.map(quote).join(' ')}]`;
}

function shown(code: number, mark: string): string {
  const character = String.fromCodePoint(code);
  if (character === mark) return `\\${mark}`;
  if (named[character] !== undefined) return named[character];
  if (printable.test(character) && !isNewerThanGo(code)) return character;
  if (code < 0x20 || code === 0x7f) return hex('x', code, 2);
  return code < 0x10000 ? hex('u', code, 4) : hex('U', code, 8);
}

function hex(kind: string, code: number, digits: number): string {
  return `\\${kind}${code.toString(16).padStart(digits, '0')}`;
}
