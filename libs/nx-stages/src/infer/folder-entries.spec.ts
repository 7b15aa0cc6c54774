import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { FolderEntries } from './folder-entries';

function workspace(): string {
  const root = mkdtempSync(join(tmpdir(), 'folder-entries-'));
  onTestFinished(() => {
    chmodSync(join(root, 'closed'), 0o755);
    rmSync(root, { recursive: true });
  });
  mkdirSync(join(root, 'apps/api/src'), { recursive: true });
  mkdirSync(join(root, 'closed'));
  for (const file of ['package.json', 'apps/api/Dockerfile', 'apps/api/src/main.py', 'closed/file'])
    writeFileSync(join(root, file), '');
  symlinkSync('api', join(root, 'apps/link'));
  symlinkSync('nowhere', join(root, 'apps/dangling'));
  chmodSync(join(root, 'closed'), 0o311);
  return root;
}

const PATHS = [
  ...['.', '', '/', '..', '../none', 'package.json', '/package.json', 'apps', 'apps/', 'apps/api'],
  ...['apps/api/src/main.py', 'apps/api/none', 'none/deep/er', 'package.json/below'],
  ...['apps/link', 'apps/link/src', 'apps/link/Dockerfile', 'apps/dangling', 'apps/dangling/x'],
  ...['closed', 'closed/file', 'closed/none'],
];

test.each(PATHS)('"%s" is what lstat says that it is', (path) => {
  const root = workspace();
  let wanted: { isDirectory(): boolean } | undefined;
  try {
    wanted = lstatSync(join(root, path), { throwIfNoEntry: false });
  } catch {
    // Below a file.
  }
  expect(new FolderEntries(root).at(path)?.isDirectory()).toBe(wanted?.isDirectory());
});

test('what was not there is looked for no more: a graph is of one moment', () => {
  const root = workspace();
  const entries = new FolderEntries(root);
  expect(entries.at('apps/api/late')).toBeUndefined();
  writeFileSync(join(root, 'apps/api/late'), '');
  expect(entries.at('apps/api/late')).toBeUndefined();
  expect(new FolderEntries(root).at('apps/api/late')).toBeDefined();
});

test('names in a folder; of one that is not there, none', () => {
  const entries = new FolderEntries(workspace());
  expect(
    entries
      .in('apps/api')
      .map(({ name }) => name)
      .sort(),
  ).toEqual(['Dockerfile', 'src']);
  expect(entries.in('none')).toEqual([]);
});
