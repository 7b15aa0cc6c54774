import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseIgnoreFile } from './ignore-file';
import type { ParentMatches } from './pattern';

/** The line that leaves `path` out, or 0. */
function ruleOf(content: string, path: string): number {
  const rules = parseIgnoreFile(content, '.dockerignore');
  let parent: ParentMatches | undefined;
  let line = 0;
  const parts = path.split('/');
  parts.forEach((_, index) => {
    const { by, matches } = rules.match(parts.slice(0, index + 1).join('/'), parent);
    parent = matches;
    line = by?.line ?? 0;
  });
  return line;
}

describe('.dockerignore', () => {
  it.each([
    ['node_modules', 'node_modules/a/b', 1],
    ['node_modules', 'sub/node_modules/a', 0],
    ['**/node_modules', 'sub/node_modules/a', 1],
    ['**/node_modules', 'node_modules', 1],
    ['*.md', 'a.md', 1],
    ['*.md', 'docs/a.md', 0],
    ['**/*.md', 'docs/a.md', 1],
    ['docs/', 'docs/a', 1],
    ['/docs', 'docs/a', 1],
    ['./docs', 'docs', 1],
    ['docs/**', 'docs/a/b', 1],
    ['docs/**', 'docs', 0],
    ['docs/**/x', 'docs/x', 1],
    ['docs/**/x', 'docs/a/b/x', 1],
    ['a?c', 'abc', 1],
    ['a[bd]c', 'adc', 1],
    ['a[^b]c', 'abc', 0],
    ['a\\*c', 'a*c', 1],
    ['a\\*c', 'abc', 0],
    ['# docs', '# docs', 0],
    [' # docs', '# docs', 1],
    ['*\n!a.md', 'a.md', 0],
    ['!a.md\n*', 'a.md', 2],
    ['docs\n!docs/keep', 'docs/keep/a', 0],
    ['docs\n!docs/keep', 'docs/drop', 1],
    ['docs\n!docs/keep\n**/*.tmp', 'docs/keep/a.tmp', 3],
    ['**\n!src/**', 'src/a', 0],
    ['*\n! src', 'src/a', 0],
    ['a/../b', 'b', 1],
    ['*]', 'a]', 1],
    ['\ufeffa', 'a', 1],
    ['a\r', 'a', 1],
    // What patternmatcher hands to Go's regexp as it is.
    ['*.pyc|*.pyo', 'a.pyc', 1],
    ['*.pyc|*.pyo', 'sub/b.pyo', 1],
    ['*.pyc|*.pyo', 'a.py', 0],
    ['**\n!*.md|*.txt', 'a.md', 0],
    ['**\n!*.md|*.txt', 'x/a.txt', 0],
    ['a{2}?', 'aab', 1],
    ['a{b}?', 'a{b}c', 1],
    ['src\\app', 'src\\app', 0],
    ['src\\app', 'src/app', 0],
    ['a\\d*', 'a1', 1],
    ['*[[:digit:]]', 'a1', 1],
    ['b*a\\', 'ba$', 1],
    ['?', '😀', 1],
  ])('%j decides on %s: line %d', (content, path, line) => {
    expect(ruleOf(content, path)).toBe(line);
  });

  it.each(['[', 'a\n[b', '!'])('refuses the malformed %j', (content) => {
    expect(() => parseIgnoreFile(content, '.dockerignore')).toThrow(/\.dockerignore:\d+:1: /);
  });

  it('refuses what is malformed behind a * only when it comes to try it, as BuildKit does', () => {
    expect(ruleOf('**\nq?/*/[\n', 'a/b')).toBe(1);
    expect(() => ruleOf('q?/*/[\n', 'a')).toThrow('.dockerignore:1:1: syntax error in pattern');
  });

  it.each(['a?{3}{2}', '?{1001}', 'a\\q', '*[z-a]', '*\\1'])(
    'refuses %j when it comes to try it',
    (content) => {
      expect(() => ruleOf(content, 'a')).toThrow(
        expect.objectContaining({ code: 'BAD_IGNORE_PATTERN' }),
      );
    },
  );

  it('the last of two rules that match decides', () => {
    const path = fc.constantFrom('a', 'a/b', 'a/b/c');
    fc.assert(
      fc.property(path, fc.array(fc.boolean(), { minLength: 1 }), (text, negations) => {
        const content = negations.map((negated) => (negated ? `!${text}` : text)).join('\n');
        const out = negations.at(-1) === false;
        expect(ruleOf(content, text) > 0).toBe(out);
      }),
    );
  });
});
