import { expect, test } from 'vitest';
import { pytestCounts } from './pytest';

test("adds up pytest's closing lines, with and without failures", () => {
  const output = [
    'Required test coverage of 95% reached. Total coverage: 97.1%',
    '======================== 30 passed, 2 warnings in 4.21s ========================',
    '============= 2 failed, 3 passed, 1 error in 0.50s =============',
    '3 passed, 1 skipped in 61.20s (0:01:01)',
  ].join('\n');
  expect(pytestCounts(output)).toEqual({ passed: 36, failed: 3, skips: [] });
});

test('names each test that was skipped, with its reason', () => {
  const line = 'SKIPPED [2] tests/storage/test_s3.py:31: no S3 server';
  const skip = { name: 'tests/storage/test_s3.py', reason: 'no S3 server' };
  expect(pytestCounts(line).skips).toEqual([skip, skip]);
});

test('a test that prints such a line in passing does not count', () => {
  expect(pytestCounts('expected "3 passed" to be in the output').passed).toBe(0);
});
