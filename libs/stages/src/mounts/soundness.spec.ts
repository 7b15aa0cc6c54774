import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf } from '@excel2doc/oci';
import { temporaryFolder } from '@excel2doc/oci/testing/folder';
import { expect, it } from 'vitest';
import type { FileHere } from './kept-file';
import { isWorthKeeping, type MountKind, paired } from './mount-kinds';
import { findUnsound, WRONG } from './soundness';

const named = { mode: 0o644, uid: 0, gid: 0, mtimeS: 1 };

async function here(files: Record<string, string | Buffer>): Promise<FileHere[]> {
  const folder = await temporaryFolder();
  return Object.entries(files).map(([path, text], number): FileHere => {
    const at = join(folder, String(number));
    const bytes = Buffer.from(text as string, 'latin1');
    writeFileSync(at, bytes);
    return { ...named, type: 'file', path, at, sizeBytes: bytes.length, digest: digestOf(bytes) };
  });
}
const unsound = async (kind: MountKind, files: Record<string, string | Buffer>) =>
  [...(await findUnsound(kind, await here(files), '/mount'))].sort();

it('of pip, a pair of a package is sound; one of a page is not, and goes as a whole', async () => {
  const body = 'PK\x03\x04zip';
  expect(
    await unsound('pip', {
      'http-v2/a': 'cc=4,\x80',
      'http-v2/a.body': body,
      'http-v2/b': 'cc=4,\xa9text/html',
      'http-v2/b.body': '\x1f\x8b\x08 a page, packed',
      'http-v2/c': 'cc=4,\xa4ETag',
      'http-v2/c.body': body,
      'http-v2/d': 'cc=4,\x80',
      'http-v2/d.body': '<!DOCTYPE html>',
    }),
  ).toEqual([
    ['http-v2/b', 'it is a page of an index'],
    ['http-v2/b.body', 'it is a page of an index'],
    ['http-v2/c', 'pip would ask whether it still holds'],
    ['http-v2/c.body', 'pip would ask whether it still holds'],
    ['http-v2/d', 'it is no package'],
    ['http-v2/d.body', 'it is no package'],
  ]);
});

it('of npm, a tarball under its own digest is sound, and nothing else', async () => {
  const path = (text: string) => {
    const hex = createHash('sha512').update(text, 'latin1').digest('hex');
    return `_cacache/content-v2/sha512/${hex.slice(0, 2)}/${hex.slice(2, 4)}/${hex.slice(4)}`;
  };
  const [good, list, other] = ['\x1f\x8btarball', '{"versions":{}}', '\x1f\x8bother'];
  const files = { [path(good)]: good, [path(list)]: list, [path(other)]: `${other}.` };
  expect(new Map(await unsound('npm', files))).toEqual(
    new Map([
      [path(list), 'it is no package'],
      [path(other), WRONG],
    ]),
  );
});

it('a link has no place in what a tool fetched, and leads nowhere out of other mounts', async () => {
  const link = (to: string): FileHere => ({ ...named, type: 'symlink', path: 'a', link: to });
  expect(await findUnsound('pip', [link('b')], '/mount')).toHaveLength(1);
  expect(await findUnsound('other', [link('b')], '/mount')).toHaveLength(0);
  expect(await findUnsound('other', [link('../b')], '/mount')).toHaveLength(1);
});

it.each<[MountKind, string, boolean]>([
  ['pip', 'http-v2/a/b.body', true],
  ['pip', 'http/a', false],
  ['pip', 'wheels/1/a.whl', false],
  ['npm', `_cacache/content-v2/sha512/ab/cd/${'0'.repeat(124)}`, true],
  ['npm', `_cacache/content-v2/sha1/ab/cd/${'0'.repeat(36)}`, false],
  ['npm', '_cacache/index-v5/ab/cd/e', false],
  ['go', 'cache/download/example.com/m/@v/v1.0.0.zip', true],
  ['go', 'cache/download/example.com/m/@v/v1.0.0.info', false],
  ['go', 'cache/download/sumdb/sum.golang.org/x/@v/v1.zip', false],
  ['go', 'example.com/m@v1.0.0/m.go', false],
])('of %s, %s is worth keeping: %s', (kind, path, is) => {
  expect(isWorthKeeping(kind, path)).toBe(is);
});

it('half of a pair is left out without a word', async () => {
  const files = await here({ 'm/@v/v1.zip': '', 'm/@v/v1.mod': '', 'm/@v/v2.zip': '', 'm/@v/v2.ziphash': '' }); // prettier-ignore
  expect(paired('go', files).map(({ path }) => path)).toEqual(['m/@v/v1.mod', 'm/@v/v2.zip', 'm/@v/v2.ziphash']); // prettier-ignore
  expect(paired('other', files)).toHaveLength(4);
});
