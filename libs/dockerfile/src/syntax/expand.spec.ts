import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expand, unknown } from './expand';

const values: Record<string, string> = { A: 'foobar', E: '', P: '/usr/local/bin', V: '1.2.3' };
const text = (word: string, escape = '\\') => expand(word, (name) => values[name], { escape }).text;

describe('expand', () => {
  // Each was seen in the content of a heredoc that BuildKit 0.13 copied.
  it.each([
    ['$A', 'foobar'],
    ['${A}x', 'foobarx'],
    ['$UNSET-x', '-x'],
    ['${UNSET:-word}', 'word'],
    ['${E:-word}', 'word'],
    ['${E-word}', ''],
    ['${UNSET-word}', 'word'],
    ['${A:+word}', 'word'],
    ['${E:+word}', ''],
    ['${E+word}', 'word'],
    ['${UNSET+word}', ''],
    ['${A:?word}', 'foobar'],
    ['${A#foo}', 'bar'],
    ['${A%bar}', 'foo'],
    ['${P#*/}', 'usr/local/bin'],
    ['${P##*/}', 'bin'],
    ['${P%/*}', '/usr/local'],
    ['${P%%/*}', ''],
    ['${V%.*}', '1.2'],
    ['${V%%.*}', '1'],
    ['${A/o/0}', 'f0obar'],
    ['${A//o/0}', 'f00bar'],
    ['${A/x*/y}', 'foobar'],
    ['${UNSET:-${A:+in}}', 'in'],
    ['${UNSET:-$A-$V}', 'foobar-1.2.3'],
    ['\\$A', '$A'],
    ['\\\\$A', '\\foobar'],
    ['$', '$'],
    ['a$', 'a$'],
  ])('%s is %s', (word, expected) => {
    expect(text(word)).toBe(expected);
  });

  it.each([
    ["'$A'", '$A'],
    ['"$A"', 'foobar'],
    ['"\\$A"', '$A'],
    ['"a\\b"', 'a\\b'],
    ['a\\ b', 'a b'],
  ])('quotes: %s is %s', (word, expected) => {
    expect(text(word)).toBe(expected);
  });

  it.each([
    ['${A', 'unsupported modifier'],
    ['${}', 'bad substitution'],
    ['${A:#x}', 'unsupported modifier'],
    ['${A^}', 'unsupported modifier'],
    ['${UNSET:?set it}', 'set it'],
    ['${UNSET?}', 'not allowed to be unset'],
    ['"a', 'matching double-quote'],
    ["'a", 'matching single-quote'],
  ])('%s is refused: %s', (word, message) => {
    expect(() => text(word)).toThrow(message);
  });

  it('takes a backtick for the escape character where the directive says so', () => {
    expect(text('`$A\\', '`')).toBe('$A\\');
  });

  it('splits at blanks of values, not at quoted ones', () => {
    const lookup = (name: string) => ({ A: 'a b' })[name];
    expect(expand('$A "$A" c', lookup, { escape: '\\' }).words).toEqual(['a', 'b', 'a b', 'c']);
  });

  it('says which names it could not know', () => {
    const { unknown: names } = expand('$A${B:-$C}', () => unknown, { escape: '\\' });
    expect([...names].sort()).toEqual(['A', 'B', 'C']);
  });

  it('leaves text without $, quotes, escapes and < as it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (word) => {
        fc.pre(!/[$'"\\<]/.test(word));
        expect(text(word)).toBe(word);
      }),
    );
  });
});
