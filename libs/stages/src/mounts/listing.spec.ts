import { gzipSync } from 'node:zlib';
import { digestOf } from '@excel2doc/oci';
import { describe, expect, it } from 'vitest';
import type { KeptFile } from './kept-file';
import { staysBelow } from './kept-file';
import {
  merged,
  MOST_BYTES,
  parseListing,
  serialiseListing,
  within,
  withoutEmptyFolders,
} from './listing';

const named = { mode: 0o644, uid: 0, gid: 0 };
const file = (path: string, mtimeS = 1, sizeBytes = 10): KeptFile & { type: 'file' } => ({
  type: 'file',
  path,
  mtimeS,
  sizeBytes,
  digest: digestOf(`${path} ${mtimeS}`),
  ...named,
});
const folder = (path: string): KeptFile => ({ type: 'directory', path, ...named });
const paths = (files: readonly KeptFile[]) => files.map(({ path }) => path);

describe('a listing', () => {
  it('comes back as it was', () => {
    const files: KeptFile[] = [
      folder('wheels'),
      { ...file('wheels/a.whl'), pack: digestOf('pack') },
      { type: 'symlink', path: 'wheels/b', link: 'a.whl', mtimeS: 3, ...named },
    ];
    expect(parseListing(serialiseListing({ atMs: 5, files }))).toEqual({ atMs: 5, files });
  });

  it.each([
    ['../out'],
    ['/etc/passwd'],
    ['a/../../out'],
    ['a/./b'],
    ['a//b'],
    [''],
    ['.'],
    ['a\nb'],
    ['.nx-stages-x/a'],
    ['a/'],
  ])('of somebody who writes %j loses that file, and no other', (path) => {
    const files = [file('good'), file(path)];
    expect(paths(parseListing(serialiseListing({ atMs: 1, files }))!.files)).toEqual(['good']);
  });

  it.each([
    { mode: 0o10000 },
    { uid: -1 },
    { gid: 1.5 },
    { sizeBytes: '10' },
    { mtimeS: Number.NaN },
    { digest: 'sha256:1' },
    { pack: 'x' },
    { type: 'device' },
    { type: 'symlink' },
  ])('loses a file with %j', (wrong) => {
    const files = [{ ...file('a'), ...wrong } as KeptFile];
    expect(parseListing(serialiseListing({ atMs: 1, files }))!.files).toEqual([]);
  });

  it.each([
    Buffer.from('no archive'),
    gzipSync('no JSON'),
    gzipSync('null'),
    gzipSync('{"format":1,"atMs":1,"files":[]}'),
    serialiseListing({ atMs: 1, files: [] }).subarray(0, 12),
    // Small as it comes, and gigabytes as objects.
    gzipSync(`{"format":2,"atMs":1,"files":[${'{},'.repeat(MOST_BYTES / 3)}{}]}`),
  ])('that is none is as if there were none', (bytes) => {
    expect(parseListing(bytes)).toBeUndefined();
  });
});

it('a listing that nobody would read is not written', () => {
  const long = 'a'.repeat(4000);
  const files = Array.from({ length: 5000 }, (_, at) => file(`${long}${at}`));
  expect(() => serialiseListing({ atMs: 1, files })).toThrow(/5000 files are too many/);
});

it('two listings are one, with the younger of two files of a name', () => {
  const both = merged([file('a', 1), file('b', 5)], [file('b', 4), file('c'), file('a', 2)]);
  expect(both).toEqual([file('a', 2), file('b', 5), file('c')]);
});

it('a budget takes the youngest that fit, and no folder that nothing is left in', () => {
  const files = [folder('old'), file('old/a', 1, 60), folder('new'), file('new/b', 3, 50), file('new/c', 2, 50)]; // prettier-ignore
  expect(paths(within(files, 110)).sort()).toEqual(['new', 'new/b', 'new/c']);
  expect(paths(within(files, 49))).toEqual([]);
  expect(paths(withoutEmptyFolders([folder('a'), folder('a/b'), file('a/b/c')]))).toHaveLength(3);
});

it.each([
  ['wheels/x', '../archive/1', true],
  ['wheels/x', '/root/.cache/uv/archive/1', true],
  ['wheels/x', '../../etc', false],
  ['x', '/etc/passwd', false],
  ['x', '.', false],
  ['x', '/root/.cache/uvx', false],
])('a link of %s to %s stays in the mount: %s', (path, link, stays) => {
  expect(staysBelow(path, link, '/root/.cache/uv')).toBe(stays);
});
