import { createHash, randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { expect, it, onTestFinished } from 'vitest';
import { holdsSame, nxArchive, ownEntries, tarOf } from '../../test/archive';
import { temporaryFolder } from '../../test/temporary-folder';
import { openWhole, sealedBytes } from '../encryption/file-seal';
import { newStoreKey, readKeyRing, type KeyRing } from '../encryption/key-ring';
import { identityOf } from '../entry/file-identity';
import { ArchivePool } from '../intake/archive-pool';
import { decodeFooter } from '../store/disk-format';
import { Spool } from './spool';

const rules = {
  limits: { maxBytes: 1e9, maxUnpackedBytes: 1e9, maxEntries: 1_000, maxRatio: 250 },
  stallMs: 30_000,
};

async function newSpool(ring: KeyRing | null = null): Promise<Spool> {
  const pool = new ArchivePool(1);
  onTestFinished(() => pool.close());
  const spool = new Spool(join(await temporaryFolder(), 'incoming'), pool, ring);
  await spool.clear();
  return spool;
}

async function bytesIn(spool: Spool, archive: Buffer): Promise<Buffer> {
  const chunks = Array.from({ length: Math.ceil(archive.length / 50_000) }, (_, at) =>
    archive.subarray(at * 50_000, (at + 1) * 50_000),
  );
  const spooled = await spool.receive(Readable.from(chunks), rules);
  const bytes = Buffer.alloc(spooled.sizeBytes);
  if (Buffer.isBuffer(spooled.content)) spooled.content.copy(bytes);
  else await spooled.content.readv([bytes], 0);
  await spooled.discard();
  return bytes;
}

const block = 64 * 1024;

it.each([
  ['less than a block', 10_000],
  ['just a block', block - 700],
  ['some blocks', 700_000],
  ['just as many as are gathered', 20 * block - 2_000],
  ['more than are gathered', 2_000_000],
])('%s comes out as it was, and leaves nothing', async (_what, bytes) => {
  const spool = await newSpool();
  // Both what packs well and what does not pack at all.
  for (const content of [randomBytes(bytes), Buffer.alloc(bytes, 'text ')]) {
    const archive = await nxArchive({ 'dist/a': content });
    expect(await holdsSame(await bytesIn(spool, archive), archive)).toBe(true);
  }
  expect(await readdir(spool.directory)).toEqual([]);
});

it.each([
  ['in the clear', null],
  ['sealed', readKeyRing([{ text: newStoreKey().text }])],
])('an entry of any size lies there %s, whole and with its record', async (_how, ring) => {
  const spool = await newSpool(ring);
  const origin = { key: { scope: 'main', hash: '7' }, writer: 'w', signature: 'signed' };
  const places = await temporaryFolder();
  let serial = 0;
  let turns = 0;
  for (const bytes of [0, 10_000, block - 700, 700_000, 2_000_000])
    for (const content of [randomBytes(bytes), Buffer.alloc(bytes, 'text ')]) {
      const archive = await nxArchive({ 'dist/a': content });
      const path = join(places, `${(serial += 1)}`);
      const wanted = { origin, path };
      const receive = () => spool.receiveEntry(Readable.from([archive]), rules, wanted, async () => void (turns += 1)); // prettier-ignore
      const entry = await receive();
      expect(turns).toBeGreaterThanOrEqual(serial);
      expect(entry.outcome).toBe('stored');
      const file = await readFile(path);
      const found = decodeFooter(file, file.length, origin.key, ring);
      if (found === null || found === 'unreadable') throw new Error(`${bytes} bytes: ${found}`);
      expect(found.record).toEqual(entry.record);
      expect(found.record).toMatchObject({ writer: 'w', signature: 'signed', outputs: ['dist/a'] });
      const { sizeBytes, sha256 } = found.record;
      const lying = file.subarray(0, ring ? sealedBytes(sizeBytes) : sizeBytes);
      const kept = found.seal ? openWhole(found.seal, lying) : lying;
      expect(createHash('sha256').update(kept).digest('hex')).toBe(sha256);
      expect(await holdsSame(kept, archive)).toBe(true);
      expect(entry.identity).toBe(identityOf(statSync(path, { bigint: true })));
      if (archive.length < 0.9 * block && bytes < 1_000_000)
        expect(entry.content?.equals(kept)).toBe(true);
      else if (archive.length >= block) expect(entry.content).toBeNull();
      entry.discard();
      // What is there stays as it is.
      const again = await receive();
      expect(again.outcome).toBe('exists');
      expect((await readFile(path)).equals(file)).toBe(true);
      again.discard();
    }
  const nowhere = { origin, path: join(places, 'gone/7') };
  const entry = await spool.receiveEntry(Readable.from([await nxArchive({})]), rules, nowhere, async () => undefined); // prettier-ignore
  expect(entry.outcome).toBe('no-folder');
  entry.discard();
  expect(await readdir(spool.directory)).toEqual([]);
});

it('what is small and unpacks to much comes out too', async () => {
  const spool = await newSpool();
  const content = Buffer.concat([Buffer.alloc(12_000_000, 'x'), randomBytes(200_000)]);
  const archive = await nxArchive({ 'dist/a': content });
  expect(archive.length).toBeGreaterThan(2 * block);
  expect(await holdsSame(await bytesIn(spool, archive), archive)).toBe(true);
});

it('what its sender packed is packed again, and what he could not is not', async () => {
  const spool = await newSpool();
  const text = await nxArchive({ 'dist/a': Buffer.from(randomBytes(1_500_000).toString('hex')) });
  expect((await bytesIn(spool, text)).length).toBeLessThan(text.length * 1.1);
  const noise = await nxArchive({ 'dist/a': randomBytes(1_000_000) });
  expect((await bytesIn(spool, noise)).length).toBeLessThan(noise.length * 1.01);
  // Of a small one, the headers make a difference: they are packed where they are much of it.
  const small = await nxArchive({ 'dist/a': randomBytes(9_000) });
  const kept = (await bytesIn(spool, small)).length;
  expect(kept).toBeGreaterThan(small.length * 1.1);
  expect(kept).toBeLessThan(small.length * 1.5);
  const smallText = await nxArchive({ 'dist/a': Buffer.from(randomBytes(9_000).toString('hex')) });
  expect((await bytesIn(spool, smallText)).length).toBeLessThan(smallText.length * 1.1);
  const files = Array.from({ length: 50 }, (_, at) => [`dist/${at}`, randomBytes(100)]);
  const manyFiles = await nxArchive(Object.fromEntries(files));
  expect((await bytesIn(spool, manyFiles)).length).toBeLessThan(manyFiles.length * 1.1);
  // Their content alone would fit into a small archive, the headers not.
  const crowd = Array.from({ length: 900 }, (_, at) => [`dist/${at}`, randomBytes(100)]);
  const ofCrowd = await nxArchive(Object.fromEntries(crowd));
  expect((await bytesIn(spool, ofCrowd)).length).toBeLessThan(ofCrowd.length * 1.1);
  const tiny = await nxArchive({ 'dist/a': 'x' });
  expect((await bytesIn(spool, tiny)).length).toBeLessThan(tiny.length * 1.1);
});

it('a refused one leaves nothing either, and the next one is taken', async () => {
  const spool = await newSpool();
  const bad = gzipSync(
    await tarOf([{ name: '../out', content: randomBytes(300_000) }, ...ownEntries]),
  );
  for (let at = 0; at < 30; at += 1)
    await expect(bytesIn(spool, bad)).rejects.toMatchObject({ code: 'ARCHIVE_REFUSED' });
  expect(await readdir(spool.directory)).toEqual([]);
  const good = await nxArchive({ 'dist/a': randomBytes(300_000) });
  expect(await holdsSame(await bytesIn(spool, good), good)).toBe(true);
});
