import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Redactor } from './redact';

const TOKEN = 'npm_S3cr3t/t+ken?x=1&y';
const redactor = (...values: string[]) => new Redactor(values.map((value) => Buffer.from(value)));

describe('Redactor', () => {
  it.each([
    ['as it is', TOKEN],
    ['base64', Buffer.from(TOKEN).toString('base64')],
    ['base64 behind a user', Buffer.from(`u:${TOKEN}`).toString('base64').slice(4)],
    ['base64 behind a longer one', Buffer.from(`me:${TOKEN}`).toString('base64').slice(4)],
    ['base64 in an address', Buffer.from(TOKEN).toString('base64url')],
    ['hex', Buffer.from(TOKEN).toString('hex')],
    ['an address', encodeURIComponent(TOKEN)],
  ])('takes a value out: %s', (_, written) => {
    const text = redactor(TOKEN).redact(`#7 0.1 before ${written} after\n`);
    expect(text).toMatch(/^#7 0\.1 before \*\*\*.{0,5} after\n$/);
    expect(text).not.toContain(written.slice(2, 12));
  });

  it('takes each line of a value out, as a log has them one by one', () => {
    const text = redactor('first line\nsecond line\n').redact('#7 first line\n#7 second line\n');
    expect(text).toBe('#7 ***\n#7 ***\n');
  });

  it('takes a value without its last newline', () => {
    expect(redactor('token-1\n').redact('is token-1!')).toBe('is ***!');
  });

  it('takes a token out of a line of settings, and leaves the words of it', () => {
    const text = redactor('//registry.example.com/:_authToken=npm_0123456789ab\n');
    expect(text.redact('registry.example.com: 401 for npm_0123456789ab')).toBe(
      'registry.example.com: 401 for ***',
    );
  });

  it('leaves a value of three characters, which would be everywhere', () => {
    expect(redactor('abc').redact('abc abcd')).toBe('abc abcd');
  });

  it('takes the longer of two that begin alike, in pieces too', () => {
    const stream = redactor('abc4', 'abc4def').stream();
    expect(stream.add('x abc4') + stream.add('def y') + stream.end()).toBe('x *** y');
  });

  it('gives a line as it comes where nothing of a value is in it', () => {
    const stream = redactor(TOKEN).stream();
    expect(stream.add('#7 installing\n')).toBe('#7 installing\n');
  });

  const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 4, maxLength: 7 });

  it('gives the same in pieces as in one, and none of the values', () => {
    fc.assert(
      fc.property(
        fc.array(letters, { minLength: 1, maxLength: 3 }),
        fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'c', ' '), maxLength: 9 })),
        (values, pieces) => {
          const whole = redactor(...values);
          const stream = whole.stream();
          const text = pieces.map((piece) => stream.add(piece)).join('') + stream.end();
          expect(text).toBe(whole.redact(pieces.join('')));
          for (const value of values) expect(text).not.toContain(value);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('gives text that has no value in it as it is', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: fc.constantFrom('x', 'y', '\n') })), (pieces) => {
        const stream = redactor('abcd', 'x-y-z').stream();
        const text = pieces.map((piece) => stream.add(piece)).join('') + stream.end();
        expect(text).toBe(pieces.join(''));
      }),
    );
  });
});
