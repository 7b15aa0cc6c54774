import { describe, expect, it } from 'vitest';
import { refusedPath } from './entry-path';

describe('a path that some file system takes for .git', () => {
  it.each([
    '.git/hooks/pre-commit',
    'libs/a/.git/config',
    'dist/.GIT/config',
    'dist/.git./config',
    'dist/.git /config',
    'dist/.git. . /config',
    'dist/git~1/config',
    'dist/GIT~1/config',
    'dist/.git::$INDEX_ALLOCATION/config',
    'dist/.g\u200cit/config',
    'dist/\ufeff.git/config',
    'dist/.git\u200f/config',
    'dist/.git',
  ])('%j is refused', (path) => {
    expect(refusedPath(path)).toBe('a path into .git');
  });

  it.each([
    'dist/.gitignore',
    '.github/x',
    'dist/git/x',
    'dist/a.git/x',
    'dist/.gitkeep',
    'dist/sha256:0a',
  ])('%j is none', (path) => {
    expect(refusedPath(path)).toBeNull();
  });
});
