import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { type Digest, digestOf, OciError, type RemoteCache } from '@excel2doc/oci';
import { temporaryFolder } from '@excel2doc/oci/testing/folder';
import { beforeEach, describe, expect, it } from 'vitest';
import type { FileHere, KeptFile } from './kept-file';
import { LARGE_BYTES, MountBlobs } from './mount-blobs';

type PlainFile = FileHere & { type: 'file' };

let folder: string;
let entries: Map<string, Buffer>;
/** What an entry is answered with instead. */
let instead: Map<string, () => Readable>;
let asked: string[];
beforeEach(async () => {
  folder = await temporaryFolder();
  [entries, instead, asked] = [new Map(), new Map(), []];
});

const cache = {
  has: async (digest: string) => entries.has(digest),
  open: async (digest: string) => {
    asked.push(digest);
    const bytes = entries.get(digest);
    if (!bytes) throw new OciError('BLOB_MISSING', { message: 'it is gone' });
    return instead.get(digest)?.() ?? Readable.from([bytes]);
  },
  put: async (digest: string, _size: number, content: Readable) => {
    entries.set(digest, await buffer(content));
    return 'stored';
  },
} as unknown as RemoteCache;
const blobs = () => new MountBlobs(cache, folder);

function here(path: string, sizeBytes: number): PlainFile {
  const bytes = randomBytes(sizeBytes);
  const at = join(folder, path);
  writeFileSync(at, bytes);
  const named = { mode: 0o644, uid: 0, gid: 0, mtimeS: 1 };
  return { type: 'file', path, at, sizeBytes, digest: digestOf(bytes), ...named };
}
const blobsOf = (files: readonly KeptFile[]) =>
  files.map((file) => (file.type === 'file' ? (file.pack ?? file.digest) : undefined) as Digest);
const paths = (files: readonly KeptFile[]) => files.map(({ path }) => path).sort();

const failing = (error: Error) => () =>
  new Readable({
    read() {
      this.destroy(error);
    },
  });
const never = () => expect.unreachable('it is not down');

describe('the content of kept files', () => {
  it('comes back, small ones in one entry, and is sent once', async () => {
    const files = [here('a', 10), here('b', 20), here('c', LARGE_BYTES)];
    const { files: sent, sentBytes } = await blobs().send(files);
    expect(sentBytes).toBe(LARGE_BYTES + 30);
    expect(entries.size).toBe(2);
    const found = await blobs().fetch(sent, never);
    expect(paths(found)).toEqual(['a', 'b', 'c']);
    for (const { path, at } of found)
      expect(readFileSync(at!).equals(readFileSync(join(folder, path)))).toBe(true);
    expect((await blobs().send(files)).sentBytes).toBe(0);
  });

  it('is as much as a pack may have, of any number of small files', async () => {
    const files = Array.from({ length: 5000 }, (_, at) => ({ ...here('none', 0), path: `${at}` }));
    const { files: sent } = await blobs().send(files);
    expect(new Set(blobsOf(sent)).size).toBeLessThanOrEqual(2);
    expect(await blobs().fetch(sent, never)).toHaveLength(5000);
  });

  it('that is damaged is left out, and no other', async () => {
    const large = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => here(name, LARGE_BYTES));
    const { files: sent } = await blobs().send(large);
    const [gone, cut, damaged] = blobsOf(sent) as string[] as [string, string, string];
    entries.delete(gone);
    instead.set(cut, failing(Object.assign(new Error('end of file'), { code: 'Z_BUF_ERROR' })));
    instead.set(damaged, failing(new OciError('TAR_DAMAGED', { message: 'damaged' })));
    expect(paths(await blobs().fetch(sent, never))).toEqual(['d', 'e', 'f']);
  });

  it('that is longer than its listing says is not read to its end', async () => {
    const { files: sent } = await blobs().send([here('large', LARGE_BYTES), here('small', 10)]);
    const endless: Readable[] = [];
    for (const blob of blobsOf(sent))
      instead.set(blob, () => {
        const header = entries.get(blob)!.subarray(0, 512);
        const stream = new Readable({ read: () => void stream.push(Buffer.alloc(1 << 20, 1)) });
        // A tar that says that the rest is one file.
        if (blob !== blobsOf(sent)[0]) stream.push(header);
        endless.push(stream);
        return stream;
      });
    expect(await blobs().fetch(sent, never)).toEqual([]);
    expect(endless.map(({ destroyed }) => destroyed)).toEqual([true, true]);
  });

  it('of a cache that stalls in an answer is not waited for again, nor of another mount', async () => {
    const large = Array.from({ length: 12 }, (_, at) => here(String(at), LARGE_BYTES));
    const { files: sent } = await blobs().send(large);
    for (const blob of blobsOf(sent)) instead.set(blob, failing(new Error('Body Timeout Error')));
    const both = blobs();
    const said: string[] = [];
    for (const mount of [sent, sent])
      expect(await both.fetch(mount, ({ message }) => said.push(message))).toEqual([]);
    expect(said).toEqual(['reading from the remote cache failed (Body Timeout Error)']);
    expect(asked.length).toBeLessThanOrEqual(4);
  });

  it('of a listing that names any number of packs is read of some', async () => {
    const file = here('a', 10);
    const sent = Array.from({ length: 1000 }, (_, at): KeptFile => ({
      ...file,
      path: `${at}`,
      pack: digestOf(`pack ${at}`),
    }));
    await blobs().fetch(sent, never);
    expect(asked).toHaveLength(64);
  });
});
