import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesOf, textOf } from '@excel2doc/go-text';
import { temporaryFolder } from '../testing/folder';
import { directory, file, itemsOf, link, streamOf, tarOf, treeArbitrary } from '../testing/trees';
import { decodeHeader, encodeHeader } from './header';
import { decodePax, encodePax } from './pax';
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
        expect(bytesOf(textOf(Buffer.from(bytes)))).toEqual(Buffer.from(bytes));
      }),
    );
    expect(bytesOf('a😀b')).toEqual(Buffer.from('a😀b'));
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

  describe('a header', () => {
    /** A header with `text` in one of its fields, and a checksum that is right all the same. */
    const withField = (text: string, at: number, width: number) => {
      const block = encodeHeader(file('name', '').entry);
      block.fill(0, at, at + width);
      block.write(text, at, 'latin1');
      block.fill(' ', 148, 156);
      const sum = block.reduce((total, byte) => total + byte, 0);
      block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
      return block;
    };

    it.each(['644', '0000644', '   644', '644 ', '644\0xyz', '\x80\0\0\0\0\0\x01\xa4'])(
      'has the mode 0644 where it says %j, as any tar writes it',
      (text) => {
        expect(decodeHeader(withField(text, 100, 8))).toMatchObject({ flag: '0', mode: 0o644 });
      },
    );

    it('counts what is empty as 0', () => {
      expect(decodeHeader(withField('', 136, 12)).mtimeS).toBe(0);
    });

    it.each([
      ['mode', 100, 8],
      ['uid', 108, 8],
      ['gid', 116, 8],
      ['size', 124, 12],
      ['time', 136, 12],
    ])('whose %s is no number is refused, and so is its archive', async (_name, at, width) => {
      const block = withField('9', at, width);
      const refusal = expect.objectContaining({ code: 'TAR_DAMAGED' });
      expect(() => decodeHeader(block)).toThrowError(refusal);
      await expect(itemsOf(streamOf(block))).rejects.toEqual(refusal);
    });

    it('whose size is below 0 is refused', () => {
      const below = withField('\xff'.repeat(12), 124, 12);
      expect(() => decodeHeader(below)).toThrowError(
        expect.objectContaining({ code: 'TAR_DAMAGED' }),
      );
    });
  });

  it('gives back the records of a PAX header, sorted, with any bytes in them', () => {
    const records = fc.uniqueArray(
      fc.tuple(
        fc.string({ minLength: 1 }).filter((key) => !key.includes('=')),
        fc.uint8Array({ maxLength: 1200 }).map((bytes) => Buffer.from(bytes)),
      ),
      { selector: ([key]) => key },
    );
    fc.assert(
      fc.property(records, (given) => {
        const sorted = [...given].sort(([a], [b]) => (a < b ? -1 : 1));
        expect(decodePax(encodePax([...given]))).toEqual(sorted);
      }),
    );
  });

  it.each([
    '7 a=b\n',
    '0x6 a=b\n',
    '6 ab\n',
    '6 a=b',
    '-6 a=b\n',
    '6a=bcd\n',
    ' a=b\n',
    '9 a=b\n12',
  ])('refuses the malformed PAX header %j', (text) =>
    expect(decodePax(Buffer.from(text))).toBeNull(),
  );

  it('refuses a path that leaves the root', async () => {
    const tar = tarOf([file('a/../../etc/passwd', '')]);
    await expect(itemsOf(streamOf(tar))).rejects.toMatchObject({ code: 'TAR_DAMAGED' });
  });
});
