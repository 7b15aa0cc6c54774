import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../testing/folder';
import { directory, file, itemsOf, link, streamOf, tarOf, treeArbitrary } from '../testing/trees';
import { decodeName, encodeName } from './bytes';
import { readTar } from './read';

describe('tar', () => {
  it('gives back every entry that was written, whatever its names, owners and attributes', async () => {
    await fc.assert(
      fc.asyncProperty(treeArbitrary, fc.integer({ min: 1, max: 2000 }), async (items, chunk) => {
        expect(await itemsOf(streamOf(tarOf(items), chunk))).toEqual(items);
      }),
      { numRuns: 200 },
    );
  });

  it('keeps a name that is no UTF-8, byte for byte', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(encodeName(decodeName(Buffer.from(bytes)))).toEqual(Buffer.from(bytes));
      }),
    );
    expect(encodeName('a😀b')).toEqual(Buffer.from('a😀b'));
  });

  it('is read by GNU tar as it was meant', async () => {
    const folder = await temporaryFolder();
    const items = [
      directory('d', { mode: 0o1777 }),
      file('d/été', 'x', { mode: 0o4755, uid: 4294967294, gid: 7 }),
      file(`d/${'n'.repeat(150)}`, 'long'),
      link('hardlink', 'd/hard', 'd/été'),
      link('symlink', 'd/soft', '../elsewhere'),
    ];
    writeFileSync(join(folder, 'a.tar'), tarOf(items));
    const listing = execFileSync('tar', ['--numeric-owner', '-tvf', 'a.tar'], {
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C.UTF-8', TZ: 'UTC' },
    });
    expect(listing.replaceAll(/ +/g, ' ').trim().split('\n')).toEqual([
      'drwxrwxrwt 0/0 0 1970-01-01 00:00 d/',
      '-rwsr-xr-x 4294967294/7 1 1970-01-01 00:00 d/été',
      `-rw-r--r-- 0/0 4 1970-01-01 00:00 d/${'n'.repeat(150)}`,
      'hrw-r--r-- 0/0 0 1970-01-01 00:00 d/hard link to d/été',
      'lrwxrwxrwx 0/0 0 1970-01-01 00:00 d/soft -> ../elsewhere',
    ]);
  });

  it.each(['gnu', 'posix', 'ustar', 'v7'])('reads what GNU tar writes as %s', async (format) => {
    const folder = await temporaryFolder();
    const long = format === 'v7' ? 'short' : 'long/'.repeat(20) + 'name';
    execFileSync('sh', ['-ec', `mkdir -p "$(dirname ${long})"; echo content > ${long}`], {
      cwd: folder,
    });
    execFileSync('tar', [`--format=${format}`, '-cf', 'a.tar', `./${long}`], { cwd: folder });
    const bytes = execFileSync('cat', ['a.tar'], { cwd: folder });
    const [item] = await itemsOf(streamOf(bytes));
    expect(item).toMatchObject({ entry: { path: long, type: 'file' } });
    expect(item!.content.toString()).toBe('content\n');
  });

  it('lists a file with holes, and refuses its content instead of giving a wrong one', async () => {
    const folder = await temporaryFolder();
    execFileSync('sh', ['-ec', 'truncate -s 10M holes; echo x >> holes; echo y > next'], {
      cwd: folder,
    });
    for (const format of ['gnu', 'posix']) {
      execFileSync('tar', [`--format=${format}`, '-Scf', 'a.tar', 'holes', 'next'], {
        cwd: folder,
      });
      const bytes = execFileSync('cat', ['a.tar'], { cwd: folder });
      await expect(itemsOf(streamOf(bytes))).rejects.toMatchObject({ code: 'TAR_DAMAGED' });
      const listed = [];
      for await (const { entry } of readTar(streamOf(bytes))) listed.push(entry);
      expect(listed).toMatchObject([
        { path: 'holes', sizeBytes: (10 << 20) + 2 },
        { path: 'next', sizeBytes: 2 },
      ]);
    }
  });

  it.each([
    ['a flipped bit in a header', (tar: Buffer) => tar.fill(0x41, 3, 4)],
    ['an end in the middle of a content', (tar: Buffer) => tar.subarray(0, 700)],
    ['an end in the middle of a header', (tar: Buffer) => tar.subarray(0, 100)],
  ])('refuses %s', async (_what, damage) => {
    const tar = damage(tarOf([file('name', Buffer.alloc(1000, 1))]));
    await expect(itemsOf(streamOf(tar))).rejects.toMatchObject({ code: 'TAR_DAMAGED' });
  });

  it('refuses a path that leaves the root', async () => {
    const tar = tarOf([file('a/../../etc/passwd', '')]);
    await expect(itemsOf(streamOf(tar))).rejects.toMatchObject({ code: 'TAR_DAMAGED' });
  });
});
