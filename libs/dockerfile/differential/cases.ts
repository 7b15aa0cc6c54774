import fc from 'fast-check';

/** Cases of one kind, and how many of the run's budget they are. */
const printable = Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index));

const piece = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom('a', 'b', 'c', 'a.txt', 'sub', 'é', '😀', '/', '/') },
  {
    weight: 6,
    arbitrary: fc.constantFrom('*', '**', '?', '/**', '**/', '*.', '!', '[a-c]', '[^a]'),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      '|',
      '{',
      '}',
      '{2}',
      '{1,}',
      '{,2}',
      '\\',
      '\\d',
      '\\pL',
      '\\Q',
      '\\E',
      '[[:alpha:]]',
      '[',
      ']',
      '^',
      '$',
      '+',
      '(',
      ')',
      '..',
      './',
      '[\\d]',
      '[]a]',
      '[a',
      '-',
      '\\x41',
      '\\*',
      '\\101',
      '\\.',
    ),
  },
  { weight: 3, arbitrary: fc.constantFrom(...printable) },
);

export const ignorePattern = fc
  .array(piece, { minLength: 1, maxLength: 6 })
  .map((parts) => parts.join(''));

const name = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom('a', 'b', 'ab', 'aa', 'a.txt', 'sub', 'é', '😀', 'A', '1', 'c'),
  },
  {
    weight: 2,
    arbitrary: fc
      .array(fc.constantFrom(...printable.filter((character) => character !== '/')), {
        minLength: 1,
        maxLength: 3,
      })
      .map((parts) => parts.join(''))
      .filter((text) => text !== '.' && text !== '..'),
  },
);
const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));

/** What a pattern may match: its wildcards filled in. */
function near(pattern: string): fc.Arbitrary<string> {
  return fc
    .array(fc.constantFrom('a', 'b', 'sub', 'é', '😀', ''), { minLength: 6, maxLength: 6 })
    .map((fill) => {
      let at = 0;
      const filled = pattern
        .replace(/^[!/]+/, '')
        .replaceAll(/\*\*\/?|[*?]|\[[^\]]*\]/g, () => fill[at++ % 6]!)
        .replaceAll('\\', '');
      return (
        filled
          .split('/')
          .filter((part) => part !== '' && part !== '.' && part !== '..')
          .join('/') || 'a'
      );
    });
}

export interface IgnoreCase {
  content: string;
  paths: string[];
}

export const ignoreCase: fc.Arbitrary<IgnoreCase> = fc
  .array(fc.tuple(fc.constantFrom('', '', '', '!', '! '), ignorePattern), {
    minLength: 1,
    maxLength: 3,
  })
  .chain((lines) =>
    fc.record({
      content: fc.constant(lines.map((line) => line.join('')).join('\n')),
      paths: fc.tuple(path, path, ...lines.map(([, pattern]) => near(pattern))),
    }),
  );

const word = fc.constantFrom(
  'a',
  'b',
  'foo',
  '/',
  '.',
  ' ',
  '$',
  '$A',
  '${A}',
  '$E',
  '${U}',
  '"',
  "'",
  '\\',
  '\\\\',
  '\\$',
  '`',
  '<',
  '<<',
  '<< X',
  '${A:-',
  '${U:-',
  '${E:+',
  '${A+',
  '${U?',
  '${U:?x}',
  '${A:?',
  '${A#',
  '${A##',
  '${A%',
  '${P%%',
  '${P/',
  '${P//',
  '/x}',
  '}',
  '*',
  '?',
  '#',
  '%',
  ':',
  '${P#*/}',
  '${P%/*}',
  '${A/o/0}',
  '${P//\\//-}',
  '${',
  '$1',
  '$@',
  '${1}',
  '${A:#x}',
  '\\}',
  '\\/',
  '\\*',
  'é',
  '😀',
  '\t',
  '\u00a0',
  '-',
  '$é',
);

export interface ExpandCase {
  text: string;
  escape: string;
  ignoreQuotes: boolean;
}

export const environment = { A: 'foobar', E: '', P: '/usr/lo*al/b?n\\x', S: 'a b "c"' };

export const expandCase: fc.Arbitrary<ExpandCase> = fc.record({
  text: fc.array(word, { minLength: 1, maxLength: 7 }).map((parts) => parts.join('')),
  escape: fc.constantFrom('\\', '\\', '`'),
  ignoreQuotes: fc.constantFrom(false, false, false, true),
});
