import { describe, expect, it } from 'vitest';
import { contextPath, matchPattern } from './path';

describe('matchPattern', () => {
  it.each([
    ['abc', 'abc', true],
    ['*', 'abc', true],
    ['*c', 'abc', true],
    ['a*', 'ab/c', false],
    ['a*/b', 'a/c/b', false],
    ['a*b*c*d*e*/f', 'axbxcxdxexxx/f', true],
    ['a?b', 'a☺b', true],
    ['a[^a]b', 'a☺b', true],
    ['a???b', 'a☺b', false],
    ['[a-ζ]*', 'α', true],
    ['*[a-ζ]', 'A', false],
    ['a?b', 'a/b', false],
    ['[\\]a]', ']', true],
    ['[\\-]', '-', true],
    ['[x\\-]', '-', true],
    ['[\\-x]', 'a', false],
    ['*x', 'xxx', true],
    ['\\*', '*', true],
    ['[b-a]', 'a', false],
    ['[^b-a]', 'a', true],
  ])('%s and %s: %s', (pattern, path, expected) => {
    expect(matchPattern(pattern)?.test(path)).toBe(expected);
  });

  it.each(['[', '[^', '[^bc', 'a[', '[-]', '[x-]', '[-x]', '[]a]', '[a-b-c]', 'a\\'])(
    '%s is malformed',
    (pattern) => {
      expect(matchPattern(pattern)).toBeNull();
    },
  );
});

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
