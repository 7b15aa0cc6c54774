import { describe, expect, it } from 'vitest';
import { hasWildcards, matcher } from './match';

describe('matcher', () => {
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
    // A class may match a slash, ? may not; what * has skipped begins at any byte.
    ['a[^b]c', 'a/c', true],
    ['?', '😀', true],
    ['?', '\udcff', true],
    ['*??', '☺', true],
    ['a[', 'b', undefined],
    ['a*[', 'b', false],
    ['a*[', 'a', undefined],
  ])('%s and %s: %s', (pattern, path, expected) => {
    expect(matcher(pattern)(path)).toBe(expected);
  });

  it.each(['[', '[^', '[^bc', 'a[', '[-]', '[x-]', '[-x]', '[]a]', '[a-b-c]', 'a\\'])(
    '%s is malformed',
    (pattern) => {
      expect(matcher(pattern)('a')).toBeUndefined();
    },
  );
});

describe('hasWildcards', () => {
  it.each([
    ['a', false],
    ['a*', true],
    ['a\\*', false],
    ['\\\\*', true],
    ['[a', true],
    ['a]', false],
  ])('%s: %s', (path, expected) => {
    expect(hasWildcards(path)).toBe(expected);
  });
});
