import { describe, expect, it } from 'vitest';
import { contextPath } from './path';

describe('contextPath', () => {
  it.each([
    ['.', ''],
    ['/', ''],
    ['./a/', 'a'],
    ['a//b/../c', 'a/c'],
    ['../../a', 'a'],
  ])('%s is %j', (path, expected) => {
    expect(contextPath(path)).toBe(expected);
  });
});
