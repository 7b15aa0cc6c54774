import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nxArchive, tarOf, type TarEntry } from '../../test/archive';
import { temporaryFolder } from '../../test/temporary-folder';
import { ArchiveGuard, type ArchiveSummary } from './guard';
import type { ArchiveLimits } from './limits';

const limits: ArchiveLimits = {
  maxBytes: 10_000_000,
  maxUnpackedBytes: 100_000_000,
  maxEntries: 1_000,
  maxRatio: 100,
};

async function inspect(
  archive: Buffer,
  chunkBytes = 65_536,
  changes = {},
): Promise<ArchiveSummary> {
  const guard = new ArchiveGuard({ ...limits, ...changes });
  for (let at = 0; at < archive.length; at += chunkBytes) {
    await guard.write(archive.subarray(at, at + chunkBytes));
  }
  return guard.end();
}

async function inspectEntries(entries: TarEntry[]): Promise<ArchiveSummary> {
  return inspect(gzipSync(await tarOf(entries)));
}

describe('what Nx writes is let through', () => {
  it.each([1, 7, 512, 65_536])('in chunks of %i bytes', async (chunkBytes) => {
    const archive = await nxArchive({
      'dist/libs/a/index.js': 'x'.repeat(3_000),
      'coverage/a': '',
    });
    const summary = await inspect(archive, chunkBytes);
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
      symlinkSync(
        '../'.repeat(3) + 'shared/'.repeat(format === 'ustar' ? 3 : 20) + 'x',
        join(folder, deep, 'link'),
      );
      const archive = execFileSync('tar', ['-cz', `--format=${format}`, '-C', folder, 'dist']);
      expect((await inspect(archive)).entries).toBeGreaterThan(3);
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
    await expect(
      inspectEntries([{ name: 'code', content: '0' }, ...entries]),
    ).rejects.toMatchObject({
      code: 'ARCHIVE_REFUSED',
    });
  });

  it('data behind the end, which another reader might take for entries', async () => {
    const one = await tarOf(file('code'));
    await expect(
      inspect(gzipSync(Buffer.concat([one, await tarOf(file('../x'))]))),
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
      await expect(inspect(archive, 65_536, changes)).rejects.toMatchObject({
        code: 'ARCHIVE_REFUSED',
      });
    }
    expect((await inspect(archive, 65_536, { maxRatio: 1_100 })).entries).toBe(5);
  });

  it('an archive that is cut off anywhere', async () => {
    const archive = await nxArchive({ 'dist/a': 'x'.repeat(2_000) });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: archive.length - 9 }), async (length) => {
        await expect(inspect(archive.subarray(0, length))).rejects.toMatchObject({
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
        const outcome = await inspectEntries(file(name)).then(
          () => 'taken',
          () => 'refused',
        );
        const climbs = name.startsWith('/') || name.split('/').includes('..');
        expect(outcome).toBe(climbs ? 'refused' : 'taken');
      }),
      { numRuns: 100 },
    );
  });
});
