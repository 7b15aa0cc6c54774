import type { Batch } from './cases';
import type { FileSpec } from './tree';

const file = (path: string, content = path): FileSpec => ({
  path,
  type: 'file',
  mode: 0o644,
  content,
});

/** Where the library and BuildKit once differed, cut down to what it was about. */
export const pastFailures: Record<string, Omit<Batch, 'edits'>> = {
  'a wildcard that takes a folder with a dangling link in it': {
    files: [file('a/c'), { path: 'a/b', type: 'symlink', link: '/a.txt' }],
    ignore: [],
    stages: [['COPY ["*","@"]'], ['COPY ["a","@"]']],
  },
  'a pattern below a file': {
    files: [file('.hid'), file('b.py/x')],
    ignore: [],
    stages: [['COPY ["b.py/",".hid/[ab]z/A","@"]']],
  },
  'a pattern in a folder where nothing matches': {
    files: [file('a/b'), file('c')],
    ignore: [],
    stages: [['COPY ["a/*.txt","@"]'], ['COPY ["a/*.txt","a/b","@"]'], ['COPY ["*.txt","c","@"]']],
  },
  'a pattern that meets a link on its way to nothing': {
    files: [file('a/b/c'), { path: 'a/q', type: 'symlink', link: '/a/q/x' }],
    ignore: [],
    stages: [['COPY ["a/?/d/[^x]e","@"]'], ['COPY ["a/q?/d","@"]']],
  },
  'a pattern that meets a link which .dockerignore leaves out': {
    files: [
      file('a/b'),
      file('s/c'),
      { path: 'a/q1', type: 'symlink', link: '..' },
      { path: 'a/r1', type: 'symlink', link: '../s' },
      { path: 'a/t1', type: 'symlink', link: '/a' },
    ],
    ignore: ['a/?1'],
    stages: [['COPY ["a/q?","@"]'], ['COPY ["a/r?","@"]'], ['COPY ["a/t?/b*","@"]']],
  },
  'a link behind a folder that a wildcard matches': {
    files: [file('x/y'), { path: 'a/b/l', type: 'symlink', link: '/x' }, file('c')],
    ignore: [],
    stages: [['COPY ["a/*/l","@"]'], ['COPY ["c","@"]']],
  },
  'the same, where another source names what it leads to': {
    files: [file('x/y'), { path: 'a/b/l', type: 'symlink', link: '/x' }],
    ignore: [],
    stages: [['COPY ["a/*/l","@"]', 'COPY ["x/y","@"]']],
  },
  "a link to the context's root": {
    files: [file('a/b'), { path: 'l', type: 'symlink', link: '.' }, file('c')],
    ignore: [],
    stages: [['COPY ["l/a/b","@"]'], ['COPY ["c","@"]']],
  },
  "a link to the context's root, which is sent whole": {
    files: [file('a/b'), { path: 'a/l', type: 'symlink', link: '..' }],
    ignore: [],
    stages: [['COPY ["a/l/a/b",".","@"]'], ['COPY ["a/l/a/b","@"]', 'COPY [".","@"]']],
  },
  'a link into its own folder that a wildcard matches': {
    files: [file('a/q/b'), { path: 'a/a', type: 'symlink', link: '.' }, file('c')],
    ignore: [],
    stages: [['COPY ["a*/a","@"]'], ['COPY ["c","@"]']],
  },
  'a malformed pattern': {
    files: [file('q/b')],
    ignore: [],
    stages: [['COPY ["q/[*/b","@"]']],
  },
  'a ] without its [ in .dockerignore': {
    files: [file('a.txt'), file('b]')],
    ignore: ['!*]', '*]', '!**/a.txt'],
    stages: [['COPY ["a.txt","@"]'], ['COPY [".","@"]']],
  },
  'a malformed pattern in .dockerignore that is never tried': {
    files: [file('a/b'), file('c')],
    ignore: ['**/*', 'q?/**/[*/x', '!c'],
    stages: [['COPY ["c","@"]'], ['COPY [".","@"]']],
  },
  'a link of a circle through a name with wildcard characters': {
    files: [file('b'), { path: '[z]', type: 'symlink', link: '[z]/q?/x' }],
    ignore: [],
    stages: [['COPY ["*/*","@"]'], ['COPY ["b","@"]']],
  },
  'hard links, kept within a folder and not between sources': {
    files: [
      file('a/b'),
      { path: 'a/c', type: 'hardlink', of: 'a/b' },
      { path: 'd/e', type: 'hardlink', of: 'a/b' },
      { path: 'a/empty', type: 'directory', mode: 0o700 },
    ],
    ignore: [],
    stages: [
      ['COPY [".","@"]'],
      ['COPY ["a","d","@"]'],
      ['COPY ["a/b","a/c","@"]'],
      ['COPY ["*","@"]'],
      ['COPY ["a/*","@"]'],
    ],
  },
  'a link to a name with wildcard characters': {
    files: [file('[z]/a'), file('b'), { path: 'l', type: 'symlink', link: '/[z]' }],
    ignore: [],
    stages: [['COPY ["l/","@"]'], ['COPY ["b","@"]']],
  },
};
