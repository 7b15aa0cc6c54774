import { Readable } from 'node:stream';
import { digestOf, OciError, type RemoteCache } from '@excel2doc/oci';
import { describe, expect, it } from 'vitest';
import type { KeptFile } from './kept-file';
import { ListingStore } from './listing-store';

const DAY_MS = 24 * 3600 * 1000;

/** What Nx's protocol is to who uses it: a name is given once. @param parent read where it is not there */
class Entries {
  readonly own = new Map<string, Buffer>();
  asked = 0;
  constructor(readonly parent?: Entries) {}

  private get(name: string): Buffer | undefined {
    return this.own.get(name) ?? this.parent?.get(name);
  }

  readonly cache = {
    has: async (name: string) => {
      this.asked += 1;
      return this.get(name) !== undefined;
    },
    openNamed: async (name: string) => Readable.from([this.get(name)!]),
    put: async (name: string, _size: number, content: Readable) => {
      const parts: Buffer[] = [];
      for await (const chunk of content) parts.push(chunk as Buffer);
      if (this.own.has(name)) return 'exists';
      this.own.set(name, Buffer.concat(parts));
      return 'stored';
    },
  } as unknown as RemoteCache;
}

const failing = (error: Error) =>
  new Readable({
    read() {
      this.destroy(error);
    },
  });

const file = (path: string): KeptFile => ({
  type: 'file', path, mode: 0o644, uid: 0, gid: 0, mtimeS: 1, sizeBytes: 1, digest: digestOf(path),
}); // prettier-ignore
const paths = (files: readonly KeptFile[] = []) => files.map(({ path }) => path);

describe('listings in a cache where no entry changes', () => {
  it('are found by whoever looks for the newest, also after many, and days later', async () => {
    const entries = new Entries();
    let now = 20_000 * DAY_MS;
    const store = new ListingStore(entries.cache, 'slot', () => now);
    expect(await store.newest()).toBeUndefined();
    for (let at = 1; at <= 20; at++) {
      if (at % 7 === 0) now += DAY_MS;
      const known = await store.newest();
      await store.add({ atMs: at, files: [file(`f${at}`)] }, 100, known?.atMs);
      expect((await store.newest())?.atMs).toBe(at);
    }
    now += 29 * DAY_MS;
    expect(paths((await store.newest())?.files)).toEqual(['f20']);
    now += 3 * DAY_MS;
    expect(await store.newest()).toBeUndefined();
  });

  it('cost some questions, not one a day and a number', async () => {
    const entries = new Entries();
    const store = new ListingStore(entries.cache, 'slot', () => 20_000 * DAY_MS);
    await store.add({ atMs: 1, files: [] }, 100, undefined);
    entries.asked = 0;
    await store.newest();
    expect(entries.asked).toBeLessThanOrEqual(16);
  });

  it('of two builds at once are one listing of both', async () => {
    const entries = new Entries();
    const store = new ListingStore(entries.cache, 'slot');
    await store.add({ atMs: 1, files: [file('common')] }, 100, undefined);
    const listings = ['a', 'b', 'c'].map((name, at) => ({
      atMs: 2 + at,
      files: [file('common'), file(name)],
    }));
    await Promise.all(listings.map((listing) => store.add(listing, 100, 1)));
    expect(paths((await store.newest())?.files).sort()).toEqual(['a', 'b', 'c', 'common']);
  });

  it('of a pull request are read by itself alone, and main’s by it', async () => {
    const main = new Entries();
    const pr = new Entries(main);
    const [ofMain, ofPr] = [main, pr].map(({ cache }) => new ListingStore(cache, 'slot')) as [ListingStore, ListingStore]; // prettier-ignore
    await ofMain.add({ atMs: 1, files: [file('main')] }, 100, undefined);
    await ofPr.add({ atMs: 2, files: [file('main'), file('pr')] }, 100, 1);
    expect(paths((await ofPr.newest())?.files)).toEqual(['main', 'pr']);
    expect(paths((await ofMain.newest())?.files)).toEqual(['main']);
  });

  it('of another mount are another’s', async () => {
    const { cache } = new Entries();
    await new ListingStore(cache, 'a').add({ atMs: 1, files: [file('a')] }, 100, undefined);
    expect(await new ListingStore(cache, 'b').newest()).toBeUndefined();
  });

  it('that are damaged are as if there were none, and the next one is written', async () => {
    const entries = new Entries();
    const cut = Object.assign(new Error('unexpected end of file'), { code: 'Z_BUF_ERROR' });
    const damaged = {
      ...entries.cache,
      openNamed: async () => failing(cut),
    } as unknown as RemoteCache;
    const store = new ListingStore(damaged, 'slot');
    await store.add({ atMs: 1, files: [file('a')] }, 100, undefined);
    expect(await store.newest()).toBeUndefined();
    expect(await store.add({ atMs: 2, files: [file('b')] }, 100, undefined)).toBeUndefined();
    expect(paths((await new ListingStore(entries.cache, 'slot').newest())?.files)).toEqual(['b']);
  });

  it('of a cache that is down are none that one could go on from', async () => {
    const down = new OciError('REMOTE_CACHE', { message: 'it does not answer' });
    const cache = {
      ...new Entries().cache,
      openNamed: async () => failing(down),
    } as unknown as RemoteCache;
    const store = new ListingStore(cache, 'slot');
    await store.add({ atMs: 1, files: [] }, 100, undefined);
    await expect(store.newest()).rejects.toBe(down);
  });

  it('say why they are not written: too many of a day, or other builds each time', async () => {
    const entries = new Entries();
    const store = new ListingStore(entries.cache, 'slot', () => 20_000 * DAY_MS);
    for (let at = 0; at < 64; at++)
      expect(await store.add({ atMs: at, files: [] }, 100, at - 1)).toBeUndefined();
    expect(await store.add({ atMs: 64, files: [] }, 100, 63)).toMatch(/64 lists .* today/);
    const faster = { ...entries.cache, put: async () => 'exists' } as unknown as RemoteCache;
    const beaten = new ListingStore(faster, 'other');
    expect(await beaten.add({ atMs: 1, files: [] }, 100, undefined)).toMatch(/faster/);
  });
});
