import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { changeLock } from './lock';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lock-'));
  path = join(folder, 'lock.json');
});
afterEach(() => rmSync(folder, { recursive: true }));

const image = { digest: null };
const add = (name: string) =>
  changeLock(path, (now) => ({ ...now, images: { ...now.images, [name]: image } }));
const names = () => Object.keys(JSON.parse(readFileSync(path, 'utf8')).images);

test('projects that lock at one time lose nothing of each other', async () => {
  const all = Array.from({ length: 30 }, (_, at) => `base:${10 + at}`);
  await Promise.all(all.map(add));
  expect(names()).toEqual(all);
  expect(readdirSync(folder)).toEqual(['lock.json']);
});

test('the first lock of a workspace makes its folder', async () => {
  path = join(folder, 'docker/images.lock.json');
  await add('a:1');
  expect(names()).toEqual(['a:1']);
});

test('an edit that fails changes nothing and holds up nobody; a killed one does not for long', async () => {
  await add('a:1');
  const fails = changeLock(path, () => {
    throw new Error('no');
  });
  await expect(fails).rejects.toThrow('no');
  writeFileSync(`${path}.draft`, 'half');
  utimesSync(`${path}.draft`, 0, 0);
  await add('b:1');
  expect(names()).toEqual(['a:1', 'b:1']);
});
