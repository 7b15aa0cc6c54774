import { expect, test } from 'vitest';
import { median, table } from './table';

test.each([
  [[3, 1, 2], 2],
  [[4, 1, 2, 3], 2.5],
])('median of %j', (values, expected) => expect(median(values)).toBe(expected));

test('no values have no median', () => expect(() => median([])).toThrow(RangeError));

test('the page shows ratios, not times', () => {
  const page = table([{ scenario: 's', name: 'n', ratio: 0.256, timesMs: [123] }], 7);
  expect(page).toContain('| s | n | 0.26 |');
  expect(page).not.toContain('123');
});
