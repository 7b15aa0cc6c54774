import { expect, test } from 'vitest';
import { numberOf, partsOf } from './settings';

test.each(['0', 'few', '', '1.5', '-1', '8', '1e0', ' 3'])(
  'rounds that are "%s" are refused in one line that says what is allowed',
  (text) =>
    expect(() => numberOf('BENCH_ROUNDS', text, { byDefault: 3, most: 7 })).toThrow(
      `BENCH_ROUNDS is "${text}", which is no whole number from 1 to 7`,
    ),
);

test.each([
  [undefined, 3],
  ['1', 1],
  ['7', 7],
])('rounds that are %s are %i', (text, expected) =>
  expect(numberOf('BENCH_ROUNDS', text, { byDefault: 3, most: 7 })).toBe(expected),
);

test.each(['pip,por', '', 'pip,', 'pip, go'])('parts that are "%s" name an unknown one', (text) =>
  expect(() => partsOf(text, ['pip', 'go'])).toThrow('which is no part of this benchmark'),
);

test('parts are those that are named, in the benchmark’s order', () => {
  expect(partsOf('go,pip', ['pip', 'uv', 'go'])).toEqual(['pip', 'go']);
  expect(partsOf(undefined, ['pip', 'uv'])).toEqual(['pip', 'uv']);
});
