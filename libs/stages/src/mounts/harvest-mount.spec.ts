import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { digestOf, type RemoteCache } from '@excel2doc/oci';
import { temporaryFolder } from '@excel2doc/oci/testing/folder';
import { beforeEach, describe, expect, it } from 'vitest';
import { harvestMount } from './harvest-mount';
import type { FileHere, KeptFile } from './kept-file';
import type { KeptMount } from './kept-mounts';
import type { Listing } from './listing';
import type { ListingStore } from './listing-store';
import { MountBlobs, tarOfMount } from './mount-blobs';
import type { MountKind } from './mount-kinds';

let folder: string;
let said: string[];
let taken: string[];
let entries: Map<string, Buffer>;
beforeEach(async () => {
  folder = await temporaryFolder();
  [said, taken, entries] = [[], [], new Map()];
});

const cache = {
  has: async (digest: string) => entries.has(digest),
  open: async (digest: string) => Readable.from([entries.get(digest)!]),
  put: async (digest: string, _size: number, content: Readable) => {
    entries.set(digest, await buffer(content));
    return 'stored';
  },
} as unknown as RemoteCache;

/** @param texts what lies in the mount. @param why a listing is not written @returns what is */
async function harvest(
  kind: MountKind,
  texts: Record<string, string>,
  { known, why }: { known?: Listing; why?: string } = {},
): Promise<KeptFile[]> {
  const lying = Object.entries(texts).map(([path, text], number): FileHere & { type: 'file' } => {
    const bytes = Buffer.from(text, 'latin1');
    const at = join(folder, String(number));
    writeFileSync(at, bytes);
    const named = { mode: 0o644, uid: 0, gid: 0, mtimeS: 1 };
    return { type: 'file', path, at, sizeBytes: bytes.length, digest: digestOf(bytes), ...named };
  });
  let written: KeptFile[] = [];
  const store = {
    add: async ({ files }: Listing) => {
      written = files;
      return why;
    },
  } as unknown as ListingStore;
  const mount = { kind, target: '/mount', slot: 's' } as KeptMount;
  await harvestMount({ mount, store, known, seenMs: known?.atMs }, lying, {
    budgetBytes: 1000,
    blobs: new MountBlobs(cache, folder),
    say: (line) => said.push(line),
    helper: {
      read: async (_script, _mounts, seed, take) => {
        await seed(folder);
        taken = lying.map(({ path }) => path);
        const tar = await buffer(Readable.from(tarOfMount(lying)));
        const entry = { path: '1.tar', type: 'file', sizeBytes: tar.length } as never;
        await take({ entry, content: async function* () { yield tar; } }); // prettier-ignore
      },
    },
  });
  return written;
}
const paths = (files: readonly KeptFile[]) => files.map(({ path }) => path).sort();

describe('what is new in a mount', () => {
  it('is sent once, and nothing is done for what is kept', async () => {
    const files = await harvest('other', { a: 'aa' });
    expect(paths(files)).toEqual(['a']);
    expect(said).toEqual(['cache mount /mount: 1 file (2 B) kept anew, 2 B sent']);
    taken = [];
    await harvest('other', { a: 'aa' }, { known: { atMs: Date.now(), files } });
    expect(taken).toEqual([]);
    await harvest('other', { a: 'aa' });
    expect(said.at(-1)).toMatch(/1 file \(2 B\) kept anew, 0 B sent/);
  });

  it('is not said to be kept where nobody will find it', async () => {
    await harvest('other', { a: 'aa' }, { why: 'other builds were faster each time' });
    expect(said).toEqual([
      '! cache mount /mount: 1 file (2 B) not kept: other builds were faster each time',
    ]);
  });

  it('is of pip packages alone, without what it would ask the index by, in no line', async () => {
    const body = 'PK\x03\x04wheel';
    const files = await harvest('pip', {
      'http-v2/a': 'cc=4,\xa4etag',
      'http-v2/a.body': body,
      'http-v2/b': 'cc=4,\xa4etag\xa9text/html',
      'http-v2/b.body': '<!DOCTYPE html>',
      'http-v2/c': 'cc=4,',
      'wheels/d.whl': body,
    });
    expect(paths(files)).toEqual(['http-v2/a', 'http-v2/a.body']);
    expect(files[0]).toMatchObject({ digest: digestOf(Buffer.from('cc=4,\xa4xtag', 'latin1')) });
    expect(said).toHaveLength(1);
  });

  it('is left out where it is another than its name says, or cannot be read', async () => {
    const name = `_cacache/content-v2/sha512/ab/cd/${'0'.repeat(124)}`;
    expect(await harvest('npm', { [name]: '\x1f\x8b' })).toEqual([]);
    expect(said).toEqual([]);
    const at = 'cache/download/m/@v/v1';
    await harvest('go', { [`${at}.mod`]: 'module m', [`${at}.zip`]: '', [`${at}.ziphash`]: 'h1:' });
    expect(said).toEqual([expect.stringMatching(/1 file \(8 B\) kept anew/)]);
  });
});
