import { expect, test } from 'vitest';
import { countTests } from './test-counts';

test('adds up Vitest and pytest, with and without failures', () => {
  const output = [
    '> nx run oci:test  [local cache]',
    '      Tests  12 passed (12)',
    '      Tests  1 failed | 7 passed | 1 skipped (9)',
    '======================== 30 passed, 2 warnings in 4.21s ========================',
    '============= 2 failed, 3 passed, 1 error in 0.50s =============',
  ].join('\n');
  expect(countTests(output)).toEqual({ passed: 52, failed: 4 });
});

test('a test that prints such a line in passing does not count', () => {
  expect(countTests('expected "3 passed" to be in the output')).toEqual({ passed: 0, failed: 0 });
});
