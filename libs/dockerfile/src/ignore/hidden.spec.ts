import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hiddenPaths } from './hidden';

let root: string;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'hidden-'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const hidden = (text: string, ...paths: string[]) => {
  writeFileSync(join(root, '.dockerignore'), text);
  const isHidden = hiddenPaths(join(root, 'Dockerfile'), root);
  return paths.filter(isHidden);
};

test('what is left out is hidden with all that lies below it', () => {
  const paths = ['node_modules', 'node_modules/a/index.js', 'src', 'src/main.ts', 'a.log'];
  expect(hidden('node_modules\n*.log\n', ...paths)).toEqual([
    'node_modules',
    'node_modules/a/index.js',
    'a.log',
  ]);
});

test('a folder that something is taken back from is not hidden, what else lies in it is', () => {
  const paths = ['dist', 'dist/api', 'dist/api/main.js', 'dist/web', 'dist/web/index.html'];
  expect(hidden('dist\n!dist/api\n', ...paths)).toEqual(['dist/web', 'dist/web/index.html']);
});

test('without rules nothing is', () => {
  expect(hidden('', 'src', '.git/index')).toEqual([]);
});
