import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'; // prettier-ignore
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { replaceFile, replaceFileSync } from './replace-file';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'replace-file-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
});

const ways = [
  ['replaceFile', (path: string, text: string) => replaceFile(path, text)],
  ['replaceFileSync', async (path: string, text: string) => replaceFileSync(path, text)],
] as const;

test.each(ways)('%s makes the folder, and leaves the file alone in it', async (_, write) => {
  const path = join(folder, 'a/b/file.json');
  await write(path, 'one');
  await write(path, 'two');
  expect(readFileSync(path, 'utf8')).toBe('two');
  expect(readdirSync(join(folder, 'a/b'))).toEqual(['file.json']);
});

test.each(ways)('%s leaves nothing beside what it cannot replace', async (_, write) => {
  mkdirSync(join(folder, 'taken/by-a-folder'), { recursive: true });
  await expect(write(join(folder, 'taken'), 'text')).rejects.toThrow(/EISDIR|ENOTEMPTY|EEXIST/);
  expect(readdirSync(folder)).toEqual(['taken']);
});

test('of many at one time a reader sees one whole, and one stays', async () => {
  const path = join(folder, 'file');
  const texts = Array.from({ length: 20 }, (_, at) => String(at).repeat(100_000));
  await replaceFile(path, texts[0]!);
  const writers = texts.map((text) => replaceFile(path, text));
  for (let reads = 0; reads < 50; reads++) {
    expect(texts.includes(readFileSync(path, 'utf8'))).toBe(true);
    await new Promise(setImmediate);
  }
  await Promise.all(writers);
  expect(texts.includes(readFileSync(path, 'utf8'))).toBe(true);
  expect(readdirSync(folder)).toEqual(['file']);
});

test('the mode is as it was asked for, whatever the mask, also of one that was there', async () => {
  const path = join(folder, 'file');
  writeFileSync(path, '', { mode: 0o600 });
  await replaceFile(path, 'text', 0o664);
  expect((statSync(path).mode & 0o777).toString(8)).toBe('664');
  await replaceFile(path, 'text', 0o600);
  expect((statSync(path).mode & 0o777).toString(8)).toBe('600');
});
