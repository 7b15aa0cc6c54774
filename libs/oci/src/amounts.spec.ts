import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesText, durationText, parseBytes } from './amounts';

describe('bytes as text', () => {
  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.0 KiB'],
    [1536, '1.5 KiB'],
    [2 ** 20 - 1, '1.0 MiB'],
    [500 * 2 ** 20, '500.0 MiB'],
    [2 ** 30, '1.0 GiB'],
    [5000 * 2 ** 40, '5000.0 TiB'],
    [NaN, '-'],
  ])('%d is %s', (bytes, text) => expect(bytesText(bytes)).toBe(text));

  it('is read back to within half of its last digit', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (bytes) => {
        const text = bytesText(bytes);
        expect(Number(/^[\d.]+/.exec(text))).toBeLessThan(text.endsWith('TiB') ? Infinity : 1024);
        const lastDigit = text.endsWith(' B') ? 1 : parseBytes(`0.1 ${text.split(' ')[1]}`);
        expect(Math.abs(parseBytes(text) - bytes)).toBeLessThanOrEqual(lastDigit / 2 + 1);
      }),
    );
  });

  it.each([
    ['12.3MiB', 12_897_485],
    ['73.5MB', 73_500_000],
    ['1.05kB', 1050],
    ['0B', 0],
    [' 1.4 GiB ', 1_503_238_554],
    ['2TB', 2e12],
  ])('is read as Docker writes it: %s', (text, bytes) => expect(parseBytes(text)).toBe(bytes));

  it.each(['', '12', 'MB', '1.2.3MB', '.MB', '12 XB', '-1MB', '--', '1e3B', '3iB'])(
    '%j is no size',
    (text) => expect(parseBytes(text)).toBeNaN(),
  );
});

describe('a duration as text', () => {
  it.each([
    [0, '0 ms'],
    [340, '340 ms'],
    [999.4, '999 ms'],
    [999.6, '1.0 s'],
    [4200, '4.2 s'],
    [59_940, '59.9 s'],
    [59_960, '1 min 0 s'],
    [192_000, '3 min 12 s'],
    [3_599_400, '59 min 59 s'],
    [3_599_600, '1 h 0 min'],
    [18_420_000, '5 h 7 min'],
    [47.99 * 3_600_000, '47 h 59 min'],
    [48 * 3_600_000, '2 d 0 h'],
    [76 * 3_600_000, '3 d 4 h'],
  ])('%d ms are %s', (ms, text) => expect(durationText(ms)).toBe(text));
});
