import { appendFile, readdir, readFile, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { digestOf } from '../digest';
import { temporaryFolder } from '../testing/folder';
import { readBlob } from './source';
import { sourceChain } from './chain';
import { BlobStore, evictUnread } from './store';

const bytes = Buffer.from('a blob');
const digest = digestOf(bytes);

describe('a blob store', () => {
  it('gives back what was put in, and leaves nothing else behind', async () => {
    const store = new BlobStore(await temporaryFolder());
    expect(await store.put(Readable.from([bytes]))).toEqual({ digest, sizeBytes: 6 });
    expect(await readBlob(store, digest)).toEqual(bytes);
    expect(await readdir(join(store.directory, 'incoming'))).toEqual([]);
  });

  it('stores nothing when the content is not what was expected', async () => {
    const store = new BlobStore(await temporaryFolder());
    await expect(store.put([Buffer.from('other')], digest)).rejects.toMatchObject({
      code: 'BLOB_DAMAGED',
      expected: digest,
    });
    expect(await store.has(digest)).toBe(false);
    expect(await readdir(join(store.directory, 'incoming'))).toEqual([]);
  });

  it('stores nothing when the stream breaks off', async () => {
    const store = new BlobStore(await temporaryFolder());
    const broken = new Readable({
      read() {
        this.push(bytes);
        this.destroy(new Error('cut'));
      },
    });
    await expect(store.put(broken)).rejects.toThrow('cut');
    expect(await readdir(join(store.directory, 'incoming'))).toEqual([]);
  });

  it.each([
    ['a flipped bit', (path: string) => writeFile(path, 'a bloc')],
    ['a cut end', (path: string) => truncate(path, 3)],
    ['a longer end', (path: string) => appendFile(path, '!')],
  ])('notices %s before the first byte, moves the blob away, and heals', async (_what, damage) => {
    const store = new BlobStore(await temporaryFolder());
    await store.putBytes(bytes);
    await damage(store.pathOf(digest));
    await expect(store.open(digest)).rejects.toMatchObject({ code: 'BLOB_DAMAGED', digest });
    expect(await store.has(digest)).toBe(false);
    expect(await readdir(join(store.directory, 'damaged'))).toHaveLength(1);
    await store.putBytes(bytes);
    expect(await readBlob(store, digest)).toEqual(bytes);
  });

  it('replaces a damaged blob when the same bytes are put again', async () => {
    const store = new BlobStore(await temporaryFolder());
    await store.putBytes(bytes);
    await writeFile(store.pathOf(digest), 'a bloc');
    await store.putBytes(bytes);
    expect(await readFile(store.pathOf(digest))).toEqual(bytes);
  });

  it('is shared: many writers of one blob all succeed', async () => {
    const folder = await temporaryFolder();
    const stores = Array.from({ length: 20 }, () => new BlobStore(folder));
    const stored = await Promise.all(stores.map((store) => store.put(Readable.from([bytes]))));
    expect(new Set(stored.map((blob) => blob.digest))).toEqual(new Set([digest]));
    expect(await readBlob(stores[0]!, digest)).toEqual(bytes);
  });

  it('sweeps what killed writers left, but nothing that is young', async () => {
    const store = new BlobStore(await temporaryFolder());
    const draft = await store.draft();
    await draft.write(bytes);
    await store.sweep();
    expect(await readdir(join(store.directory, 'incoming'))).toHaveLength(1);
    await store.sweep(-1000);
    expect(await readdir(join(store.directory, 'incoming'))).toEqual([]);
    await draft.discard();
  });

  it('loses what nobody has read for long, and keeps the rest', async () => {
    const store = new BlobStore(await temporaryFolder());
    const old = await store.putBytes(Buffer.from('old'));
    await store.putBytes(bytes);
    const lastYear = new Date(Date.now() - 365 * 24 * 3600 * 1000);
    await utimes(store.pathOf(old.digest), lastYear, lastYear);
    await evictUnread(store, 30 * 24 * 3600 * 1000);
    expect(await store.has(old.digest)).toBe(false);
    expect(await store.has(digest)).toBe(true);
  });
});

describe('a chain of sources', () => {
  it('names what is damaged in one line and goes to the next place', async () => {
    const [bad, good] = [
      new BlobStore(await temporaryFolder()),
      new BlobStore(await temporaryFolder()),
    ];
    await bad.putBytes(bytes);
    await writeFile(bad.pathOf(digest), 'a bloc');
    await good.putBytes(bytes);
    const lines: string[] = [];
    const chain = sourceChain([bad, good], { report: (line) => lines.push(line) });
    expect(await readBlob(chain, digest)).toEqual(bytes);
    expect(lines).toEqual([`blob ${digest} in ${bad.name} is damaged`]);
  });

  it('keeps what a remote source gave, and never hands on what arrived damaged', async () => {
    const store = new BlobStore(await temporaryFolder());
    const remote = (name: string, content: string) => ({
      name,
      remote: true,
      has: async () => true,
      open: async () => Readable.from([Buffer.from(content)]),
    });
    const lines: string[] = [];
    const chain = sourceChain([remote('far', 'a bl'), remote('farther', 'a blob')], {
      store,
      report: (line) => lines.push(line),
    });
    expect(await readBlob(chain, digest)).toEqual(bytes);
    expect(lines).toHaveLength(1);
    expect(await store.has(digest)).toBe(true);
  });

  it('says where it looked when no place has the blob', async () => {
    const chain = sourceChain([new BlobStore('/nowhere')]);
    await expect(chain.open(digest)).rejects.toMatchObject({ code: 'BLOB_MISSING' });
  });
});
