import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  contentsOf,
  holdsSame,
  nxArchive,
  ownEntries,
  tarOf,
  type TarEntry,
} from '../../test/archive';
import { paxData, rawEnd, rawEntry, rawOwn, type RawEntry } from '../../test/raw-tar';
import { temporaryFolder } from '../../test/temporary-folder';
import { NameBudget } from './entry-names';
import type { ArchiveLimits } from './limits';
import { Normaliser, type ArchiveSummary } from './normaliser';

const limits: ArchiveLimits = {
  maxBytes: 10_000_000,
  maxUnpackedBytes: 100_000_000,
  maxEntries: 1_000,
  maxRatio: 100,
};

async function normalise(
  archive: Buffer,
  chunkBytes = 65_536,
  changes = {},
): Promise<ArchiveSummary & { written: Buffer }> {
  const parts: Buffer[] = [];
  const budget = new NameBudget(10_000_000);
  const normaliser = new Normaliser({ ...limits, ...changes }, budget, (part) =>
    parts.push(Buffer.from(part)),
  );
  try {
    for (let at = 0; at < archive.length; at += chunkBytes)
      await normaliser.write(archive.subarray(at, at + chunkBytes));
    return { ...(await normaliser.end()), written: Buffer.concat(parts) };
  } finally {
    normaliser.release();
  }
}

async function normaliseEntries(entries: TarEntry[]): Promise<ArchiveSummary> {
  return normalise(gzipSync(await tarOf([...entries, ...ownEntries])));
}

const refused = { code: 'ARCHIVE_REFUSED' };
const raw = (...entries: RawEntry[]) =>
  gzipSync(Buffer.concat([...entries.map(rawEntry), rawOwn, rawEnd]));

describe('what Nx writes is let through', () => {
  it.each([1, 7, 512, 65_536])('in chunks of %i bytes', async (chunkBytes) => {
    const archive = await nxArchive({
      'dist/libs/a/index.js': 'x'.repeat(3_000),
      'coverage/a': '',
    });
    const summary = await normalise(archive, chunkBytes);
    expect(summary.entries).toBe(4);
    expect(summary.outputs).toEqual(['dist/libs/a', 'coverage/a']);
    expect(summary.unpackedBytes).toBe(gunzipSync(archive).length);
  });

  it.each(['gnu', 'pax', 'ustar'])(
    'with long paths and links, as tar --format=%s writes them',
    async (format) => {
      const folder = await temporaryFolder();
      const deep = join(
        'dist',
        ...Array.from({ length: format === 'ustar' ? 6 : 20 }, (_, i) => `a-long-name-${i}`),
      );
      mkdirSync(join(folder, deep), { recursive: true });
      writeFileSync(join(folder, deep, 'file-ä.txt'), 'x');
      writeFileSync(join(folder, 'code'), Buffer.alloc(4));
      writeFileSync(join(folder, 'terminalOutput'), 'done');
      symlinkSync(
        '../'.repeat(3) + 'shared/'.repeat(format === 'ustar' ? 3 : 20) + 'x',
        join(folder, deep, 'link'),
      );
      const archive = execFileSync('tar', [
        '-cz',
        `--format=${format}`,
        '-C',
        folder,
        ...['dist', 'code', 'terminalOutput'],
      ]);
      expect((await normalise(archive)).entries).toBeGreaterThan(3);
    },
  );
});

describe('what must not reach a workspace is refused', () => {
  const file = (name: string): TarEntry[] => [{ name, content: 'x' }];
  const link = (name: string, linkname: string): TarEntry => ({ name, type: 'symlink', linkname });
  const bad: [string, TarEntry[]][] = [
    ['an absolute path', file('/etc/passwd')],
    ['a parent path', file('../outside')],
    ['a parent path in the middle', file('dist/../../outside')],
    ['a Windows parent path', file('dist\\..\\..\\outside')],
    ['a drive letter', file('C:/Windows/x')],
    ['a hook of git', file('.git/hooks/pre-commit')],
    ['an absolute path in a pax record', [{ name: 'x', pax: { path: '/etc/passwd' } }]],
    ['a size in a pax record', [{ name: 'x', content: 'x'.repeat(600), pax: { size: '0' } }]],
    ['a link to an absolute path', [link('dist/a', '/etc')]],
    ['a link out of the workspace', [link('dist/a', '../../x')]],
    ['a link that climbs behind a name', [link('dist/a', 'b/../../../x')]],
    ['a path through a link', [link('dist', 'elsewhere'), ...file('dist/a')]],
    ['a file in place of a link', [link('dist/a', 'b'), ...file('dist/a')]],
    ['a hard link', [...file('a'), { name: 'b', type: 'link', linkname: 'a' }]],
    ['a device', [{ name: 'dev', type: 'character-device' }]],
    ['a disk', [{ name: 'dev', type: 'block-device' }]],
    ['a pipe', [{ name: 'pipe', type: 'fifo' }]],
  ];
  it.each(bad)('%s', async (_, entries) => {
    await expect(normaliseEntries(entries)).rejects.toMatchObject({
      code: 'ARCHIVE_REFUSED',
    });
  });

  it('data behind the end, which another reader might take for entries', async () => {
    const one = await tarOf(ownEntries);
    await expect(
      normalise(gzipSync(Buffer.concat([one, await tarOf(file('../x'))]))),
    ).rejects.toMatchObject({
      code: 'ARCHIVE_REFUSED',
    });
  });

  it('more than the configured entries, bytes, unpacked bytes or ratio', async () => {
    const archive = await nxArchive({ a: 'x', b: 'y', zeros: Buffer.alloc(20_000_000) });
    for (const changes of [
      { maxEntries: 4 },
      { maxBytes: 100 },
      { maxUnpackedBytes: 1_000_000 },
      {},
    ]) {
      await expect(normalise(archive, 65_536, changes)).rejects.toMatchObject({
        code: 'ARCHIVE_REFUSED',
      });
    }
    expect((await normalise(archive, 65_536, { maxRatio: 1_100 })).entries).toBe(5);
  });

  it('an archive that is cut off anywhere', async () => {
    const archive = await nxArchive({ 'dist/a': 'x'.repeat(2_000) });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: archive.length - 9 }), async (length) => {
        await expect(normalise(archive.subarray(0, length))).rejects.toMatchObject({
          code: 'ARCHIVE_REFUSED',
        });
      }),
      { numRuns: 60 },
    );
  });

  it('any path whose parts lead above the workspace, however it is written', async () => {
    const part = fc.constantFrom('..', '.', 'a', 'b c', '', '..a');
    await fc.assert(
      fc.asyncProperty(fc.array(part, { minLength: 1, maxLength: 6 }), async (parts) => {
        const name = parts.join('/');
        fc.pre(name !== '' && !/^\.*\/*$/.test(name));
        const outcome = await normaliseEntries(file(name)).then(
          () => 'taken',
          () => 'refused',
        );
        const isPlain = name.split('/').every((part) => !['', '.', '..'].includes(part));
        expect(outcome).toBe(isPlain ? 'taken' : 'refused');
      }),
      { numRuns: 100 },
    );
  });

  it.each<[string, RawEntry[]]>([
    [
      'a line break in a pax value',
      [
        { name: 'x', type: 'x', content: paxData([['path', 'dist/a\n20 path=../../../x']]) },
        { name: 'dist/a' },
      ],
    ],
    [
      'a pax key that we do not know',
      [{ name: 'x', type: 'x', content: paxData([['SCHILY.xattr.a', 'b']]) }, { name: 'dist/a' }],
    ],
    [
      'a pax record that lies about its length',
      [{ name: 'x', type: 'x', content: paxData([['path', 'dist/b']], 1) }, { name: 'dist/a' }],
    ],
    [
      'a pax key twice',
      [
        {
          name: 'x',
          type: 'x',
          content: paxData([
            ['path', 'a'],
            ['path', 'b'],
          ]),
        },
        { name: 'dist/a' },
      ],
    ],
    [
      'a global pax record',
      [{ name: 'g', type: 'g', content: paxData([['path', 'a']]) }, { name: 'dist/a' }],
    ],
    [
      'a GNU long name with a NUL in it',
      [{ name: '././@LongLink', type: 'L', content: 'dist/a\0/../../x\0' }, { name: 'dist/a' }],
    ],
    [
      'a GNU long name with a line break',
      [{ name: '././@LongLink', type: 'L', content: 'dist/a\nb\0' }, { name: 'dist/a' }],
    ],
    [
      'two names for one entry',
      [
        { name: '././@LongLink', type: 'L', content: 'dist/a\0' },
        { name: 'x', type: 'x', content: paxData([['path', 'dist/b']]) },
        { name: 'dist/c' },
      ],
    ],
    [
      'a name without an entry',
      [
        { name: 'dist/a' },
        { name: 'x', type: 'x', content: paxData([['path', 'b']]) },
        { name: 'x', type: 'x', content: paxData([['path', 'c']]) },
      ],
    ],
    ['a sparse file', [{ name: 'dist/a', type: 'S' }]],
    ['a binary size', [{ name: 'dist/a', size: '\x80\0\0\0\0\0\0\0\0\0\0\0' }]],
    ['a wrong checksum', [{ name: 'dist/a', checksum: '000000\0 ' }]],
    ['an unknown magic', [{ name: 'dist/a', magic: 'ustar\x0001' }]],
    ['bytes behind the end of a name', [{ name: 'dist/a\0../x' }]],
    ['a name that is no UTF-8', [{ name: Buffer.from('dist/\xff', 'latin1') }]],
    ['a file that ends with a slash', [{ name: 'dist/a/' }]],
    ['a control character', [{ name: 'dist/\x1b[2Ja' }]],
    ['a file twice', [{ name: 'dist/a' }, { name: 'dist/a' }]],
    ['a path through a file', [{ name: 'dist/a' }, { name: 'dist/a/b' }]],
    ['a file in the place of a folder', [{ name: 'dist/a/b' }, { name: 'dist/a' }]],
    ['a folder in the place of a file', [{ name: 'dist/a' }, { name: 'dist/a', type: '5' }]],
    [
      'a name of 256 bytes',
      [{ name: '././@LongLink', type: 'L', content: `dist/${'a'.repeat(256)}\0` }, { name: 'x' }],
    ],
    [
      'a path of 1,025 bytes',
      [
        { name: '././@LongLink', type: 'L', content: `${'aaaa/'.repeat(204)}aaaaa\0` },
        { name: 'x' },
      ],
    ],
    [
      'a path of 200 parts',
      [{ name: '././@LongLink', type: 'L', content: `${'a/'.repeat(199)}a\0` }, { name: 'x' }],
    ],
    ['a second code', [{ name: 'code', content: Buffer.alloc(4) }]],
    ['a second terminalOutput', [{ name: 'terminalOutput', content: 'x' }]],
    ['a code of another name', [{ name: './code', content: Buffer.alloc(4) }]],
    ['an output in the folder code', [{ name: 'code/a' }]],
    ['a link in the place of terminalOutput', [{ name: 'terminalOutput', type: '2', link: 'x' }]],
  ])('%s', async (_, entries) => {
    // prettier-ignore
    await expect(normalise(raw(...entries))).rejects.toMatchObject(refused);
  });

  it.each<[string, Buffer]>([
    ['no code', rawEntry({ name: 'terminalOutput' })],
    ['no terminalOutput', rawEntry({ name: 'code', content: Buffer.alloc(4) })],
    ['a code of one byte', Buffer.concat([rawEntry({ name: 'terminalOutput' }), rawEntry({ name: 'code', content: '0' })])], // prettier-ignore
    ['a code of a task that failed', Buffer.concat([rawEntry({ name: 'terminalOutput' }), rawEntry({ name: 'code', content: Buffer.from([0, 0, 0, 1]) })])], // prettier-ignore
    ['a terminalOutput that is no UTF-8', Buffer.concat([rawEntry({ name: 'terminalOutput', content: Buffer.from([0xc3, 0x28]) }), rawEntry({ name: 'code', content: Buffer.alloc(4) })])], // prettier-ignore
    ['a terminalOutput that ends within a character', Buffer.concat([rawEntry({ name: 'terminalOutput', content: Buffer.from([0x61, 0xc3]) }), rawEntry({ name: 'code', content: Buffer.alloc(4) })])], // prettier-ignore
    ['nothing', Buffer.alloc(0)],
  ])('an archive that Nx cannot use: %s', async (_, tar) => {
    await expect(normalise(gzipSync(Buffer.concat([tar, rawEnd])))).rejects.toMatchObject(refused);
  });

  it('what is around the gzip, wherever the blocks part', async () => {
    const good = await nxArchive({ 'dist/a': 'x'.repeat(2_000) });
    const wrongSum = Buffer.from(good);
    wrongSum[good.length - 8]! ^= 1;
    const named = Buffer.from(good);
    named[3] = 8;
    const bad = {
      'two members': Buffer.concat([good, gzipSync('x')]),
      'bytes behind it': Buffer.concat([good, Buffer.from('x')]),
      'zeros behind it': Buffer.concat([good, Buffer.alloc(512)]),
      'another checksum': wrongSum,
      'a name in its header': named,
    };
    for (const [what, archive] of Object.entries(bad)) {
      for (const chunkBytes of [1, 13, good.length, 65_536])
        await expect(normalise(archive, chunkBytes), what).rejects.toMatchObject(refused);
    }
    const budget = new NameBudget(10_000_000);
    for (const archive of Object.values(bad)) {
      const whole = new Normaliser(limits, budget, () => undefined);
      expect(() => whole.whole(archive, 1e6)).toThrow(/archive holds/);
    }
  });
});

describe('what is kept', () => {
  it('holds what was sent, and is nothing of the sender’s own writing', async () => {
    const archive = await nxArchive({
      'dist/text.txt': 'line\n'.repeat(100_000),
      'dist/random': randomBytes(500_000),
      [`dist/${'long-name/'.repeat(20)}x`]: 'x',
    });
    const { written } = await normalise(archive);
    expect(await holdsSame(written, archive)).toBe(true);
    expect(written.equals(archive)).toBe(false);
    expect(written.length).toBeLessThan(1.1 * archive.length);
    expect(await holdsSame((await normalise(written)).written, archive)).toBe(true);
  });

  it('has modes that its reader can read, and no times, whatever a header said', async () => {
    const { written } = await normalise(
      raw(
        { name: 'dist/secret', mode: '0004000\0', mtime: '77777777777\0', content: 'x' },
        { name: 'dist/run', mode: '0104755\0' },
        { name: 'dist/folder', type: '5', mode: '0000000\0' },
      ),
    );
    const listing = execFileSync('tar', ['-tvz', '--full-time', '--utc'], { input: written, encoding: 'utf8' }); // prettier-ignore
    expect(listing).toMatch(/^-rw------- 0\/0 +1 1970-01-01 00:00:00 dist\/secret$/m);
    expect(listing).toMatch(/^-rwxr-xr-x .* dist\/run$/m);
    expect(listing).toMatch(/^drwxr-xr-x .* dist\/folder\/?$/m);
  });

  it('keeps links and empty folders', async () => {
    const { written, entries } = await normalise(
      raw({ name: 'dist/a', type: '2', link: 'b' }, { name: 'dist/empty/', type: '5' }),
    );
    expect(entries).toBe(4);
    expect([...(await contentsOf(written)).keys()]).toContain('dist/empty');
  });
});

describe('time and memory', () => {
  it('grow with the length of the names alone: 32,000 parts behind a link take no time', async () => {
    const link: RawEntry = { name: 'l', type: '2', link: 'x' };
    const long = (path: string): RawEntry[] => [
      { name: 'x', type: 'x', content: paxData([['path', path]]) },
      { name: 'y' },
    ];
    const startedMs = performance.now();
    const hostile = raw(link, ...long('a/'.repeat(32_000)));
    await expect(normalise(hostile)).rejects.toMatchObject(refused);
    const deep = Array.from({ length: 900 }, (_, at) => long(`${'d/'.repeat(127)}${at}`)).flat();
    expect((await normalise(raw(link, ...deep))).entries).toBe(903);
    // 10 s and more, before.
    expect(performance.now() - startedMs).toBeLessThan(2_000);
  });

  it('are not spent on zeros: 30 MB behind the end are refused at once', async () => {
    const startedMs = performance.now();
    for (const tar of [Buffer.alloc(30_000_000), Buffer.concat([rawOwn, Buffer.alloc(200_000)])])
      await expect(normalise(gzipSync(tar))).rejects.toThrow(/more zeros/);
    // 4 s and more with a call for each byte.
    expect(performance.now() - startedMs).toBeLessThan(2_000);
  });

  it('names are held against a budget, which is given back', async () => {
    const budget = new NameBudget(20_000);
    const many = raw(...Array.from({ length: 300 }, (_, at) => ({ name: `dist/file-${at}` })));
    const few = raw({ name: 'dist/a' });
    const run = async (archive: Buffer) => {
      const normaliser = new Normaliser(limits, budget, () => undefined);
      try {
        await normaliser.write(archive);
        return (await normaliser.end()).entries;
      } finally {
        normaliser.release();
      }
    };
    for (let round = 0; round < 20; round += 1) {
      await expect(run(many)).rejects.toThrow(/more names/);
      expect(await run(few)).toBe(3);
    }
  });
});
