import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { goProgram } from '../testing/go-program';
import { octetsOf, textOf } from './bytes';
import { cleanPath } from './clean-path';
import { formatDuration, parseDuration } from './duration';
import { matcher } from './match';
import { quote, quoteRune } from './quote';
import { isSpace, trimSpace } from './space';

const go = goProgram(join(__dirname, '../oracle'), 'go-text-oracle');
const seed = Number(process.env['FUZZ_SEED'] ?? 1);
const cases = Number(process.env['FUZZ_CASES'] ?? 200_000);

/** Text as Go's strings are: bytes, mostly of characters. */
function text(characters: readonly string[], maxLength: number): fc.Arbitrary<string> {
  const character = fc.oneof(
    { weight: 30, arbitrary: fc.constantFrom(...characters) },
    { weight: 2, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }) },
    { weight: 1, arbitrary: fc.integer({ min: 0x80, max: 0xff }).map(byte) },
  );
  // Bytes side by side may be a character.
  return fc.array(character, { maxLength }).map((parts) => whole(parts.join('')));
}

const byte = (value: number) => String.fromCharCode(0xdc00 + value);
const whole = (joined: string) => textOf(Buffer.from(octetsOf(joined), 'latin1'));

const pattern = text([...'aab/bc*??[]]^--\\.é☺😀', '[a', '[^', 'a-c]', '*?'], 10);
const name = text([...'aabbc/-].^é☺😀', '\\'], 8);
/** A name near a pattern: what stands for something is put in its place. */
const pair = fc.oneof(
  fc.tuple(pattern, name),
  fc
    .tuple(pattern, fc.infiniteStream(fc.constantFrom(...'abc/é☺😀', '', 'bb')))
    .map(([text, put]) => {
      const near = text
        .replaceAll(/\[\^?[^\]]*\]|[*?]/g, () => put.next().value as string)
        .replaceAll('\\', '');
      return [text, near] as [string, string];
    }),
);

function sample<T>(arbitrary: fc.Arbitrary<T>, count: number): T[] {
  console.log(`FUZZ_SEED=${seed} FUZZ_CASES=${count}`);
  return fc.sample(arbitrary, { seed, numRuns: count });
}

describe.skipIf(!go)("as Go's own", () => {
  const ask = (questions: string[][]) =>
    go!.ask(questions.map(([kind, ...rest]) => [kind, ...rest.map(octetsOf)]));

  it(`filepath.Match, of ${cases} pairs`, () => {
    const pairs = sample(pair, cases);
    const answers = ask(pairs.map(([pattern, name]) => ['match', pattern, name]));
    const wrong = pairs.filter(
      ([pattern, name], index) => (matcher(pattern)(name) ?? null) !== answers[index],
    );
    expect(wrong.slice(0, 5)).toEqual([]);
    // Pairs that say nothing would all be alike.
    for (const kind of [true, false, null])
      expect(answers.filter((answer) => answer === kind).length).toBeGreaterThan(cases / 20);
  });

  it('path.Clean', () => {
    const paths = sample(text([...'aab/../..//é', '/./', '..'], 10), cases / 20);
    const answers = ask(paths.map((path) => ['clean', path]));
    const cleaned = paths.map((path) => octetsOf(cleanPath(path)));
    expect(cleaned.filter((path, index) => path !== answers[index]).slice(0, 5)).toEqual([]);
  });

  it('strconv.Quote', () => {
    const texts = sample(text([...'ab"\\\'\x07\x7f\n\u00a0é☺😀\u200b\ue000\ufffd'], 8), cases / 20);
    const answers = ask(texts.map((text) => ['quote', text]));
    const quoted = texts.map((text) => octetsOf(quote(text)));
    expect(quoted.filter((text, index) => text !== answers[index]).slice(0, 5)).toEqual([]);
    const codes = [-1, 0, 34, 39, 92, 0x7f, 0xd800, 0xfffd, 0x10ffff, 0x110000];
    expect(codes.map((code) => octetsOf(quoteRune(code)))).toEqual(
      ask(codes.map((code) => ['quoteRune', `${code}`])),
    );
  });

  it('unicode.IsSpace and strconv.IsPrint, of every character', () => {
    const [spaces, printable] = ask([['space'], ['printable']]) as [number[], number[]];
    const ours = (test: (character: string) => boolean) =>
      [...Array(0x110000).keys()].filter(
        (code) => (code < 0xd800 || code > 0xdfff) && test(String.fromCodePoint(code)),
      );
    expect(ours(isSpace)).toEqual(spaces);
    const isShown = (character: string) =>
      quote(character).slice(1, -1).replace(/^\\/, '') === character;
    expect(ours(isShown)).toEqual(printable);
  });

  it('strings.TrimSpace', () => {
    const texts = sample(
      text([...' \t\n\v\f\r\u0085\u00a0\u1680\u2003\u2028\u3000\ufeff\u200bab'], 6),
      cases / 20,
    );
    const answers = ask(texts.map((text) => ['trim', text]));
    const trimmed = texts.map((text) => octetsOf(trimSpace(text)));
    expect(trimmed.filter((text, index) => text !== answers[index]).slice(0, 5)).toEqual([]);
  });

  it('time.ParseDuration and Duration.String', () => {
    const unit = fc.constantFrom('ns', 'us', 'µs', 'μs', 'ms', 's', 'm', 'h', '', 'd', 'S', ' s');
    const number = fc.oneof(
      fc.nat(3000).map(String),
      fc.tuple(fc.nat(99), fc.nat(10 ** 9)).map(([whole, rest]) => `${whole}.${rest}`),
      fc.constantFrom('', '.', '.5', '1.', '9223372036854775808', '0.1234567890123456789', '1e3'),
    );
    const part = fc.tuple(number, unit).map((parts) => parts.join(''));
    const written = fc
      .tuple(fc.constantFrom('', '', '+', '-'), fc.array(part, { maxLength: 3 }))
      .map(([sign, parts]) => sign + parts.join(''));
    const texts = [...sample(written, cases / 20), '-9223372036854775808ns', '0', '-0', ''];
    const answers = ask(texts.map((text) => ['parseDuration', text])) as (string | null)[];
    const wrong = texts.filter((text, index) => {
      const answer = answers[index]!;
      return (parseDuration(text) ?? null) !== (answer === null ? null : Number(answer));
    });
    expect(wrong.slice(0, 5)).toEqual([]);

    const exact = answers.filter((text) => text !== null && Number.isSafeInteger(Number(text)));
    const shown = exact.map((text) => octetsOf(formatDuration(Number(text))));
    const expected = ask(exact.map((text) => ['formatDuration', text!]));
    expect(shown.filter((text, index) => text !== expected[index]).slice(0, 5)).toEqual([]);
  });
});
