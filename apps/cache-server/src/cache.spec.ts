import { truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { expect, it, onTestFinished, vi } from 'vitest';
import { nxArchive } from '../test/archive';
import { temporaryFolder } from '../test/temporary-folder';
import { ArchivePool } from './intake/archive-pool';
import { Cache } from './cache';
import type { EntryKey } from './entry-key';
import { Ledger } from './ledger/ledger';
import { DiskStore } from './store/disk-store';
import { Spool } from './upload/spool';

const grant = { subject: 'w', scope: 'main', isTrusted: true, reads: ['main'], writes: true };
const limits = { maxBytes: 1e7, maxUnpackedBytes: 1e8, maxEntries: 100, maxRatio: 250 };
const nothing = {
  keep: { maxBytes: 1, maxEntries: 1e6, maxIdleDays: 365 },
  scopes: { main: { trusted: true, parents: [] } },
};

/** Takes a millisecond of the processor for each entry that goes, as one with large files does. */
class SlowDisk extends DiskStore {
  override async remove(key: EntryKey): Promise<void> {
    const endMs = performance.now() + 1;
    while (performance.now() < endMs) continue;
    await super.remove(key);
  }
}

async function cacheOf(Disk = DiskStore) {
  const folder = await temporaryFolder();
  const pool = new ArchivePool(1);
  onTestFinished(() => pool.close());
  const spool = new Spool(join(folder, 'incoming'), pool);
  await spool.clear();
  const ledger = new Ledger(join(folder, 'journal.jsonl'));
  const store = new Disk(folder, { damaged: (key) => ledger.recordRemoved(key) });
  await store.check();
  const cache = new Cache({ store, spool, ledger }, { limits, stallMs: 5_000 });
  const archive = await nxArchive({ 'dist/a': 'x' });
  const write = (hash: string) => cache.write(grant, hash, Readable.from([archive]));
  return { cache, ledger, store, write };
}

const isThere = async (store: DiskStore, hash: string) =>
  (await store.describe({ scope: 'main', hash })) !== null;

it('lets others have their turns while it removes many, and leaves what they use or store', async () => {
  const { cache, ledger, store, write } = await cacheOf(SlowDisk);
  for (let at = 0; at < 200; at += 1) await write(`e${at}`);
  let turns = 0;
  let over = false;
  const evicting = cache.evict(nothing).then((removed) => {
    over = true;
    return removed;
  });
  for (; !over; turns += 1) {
    await setImmediate();
    if (turns === 0) await (await cache.read(grant, 'e199'))!.close();
  }
  expect(turns).toBeGreaterThan(5);
  expect(await evicting).toBe(199);
  expect(await isThere(store, 'e199')).toBe(true);

  for (let at = 0; at < 100; at += 1) await write(`p${at}`);
  let purged: Awaited<ReturnType<Cache['purge']>> | null = null;
  const purging = cache.purge('main', () => true).then((result) => (purged = result));
  await setImmediate();
  expect(purged).toBeNull();
  // Gone before its turn has come, and stored anew: another entry than was meant.
  await cache.purge('main', ({ key }) => key.hash === 'p99');
  expect(await write('p99')).toBe('stored');
  expect(await purging).toEqual({ removed: 100, busy: 0 });
  expect(await isThere(store, 'p99')).toBe(true);
  expect([...ledger.entries()].map(({ key }) => key.hash)).toEqual(['p99']);
});

it('knows what is stored while it lists what lies there, whatever the clock says', async () => {
  let meanwhile = async () => undefined as unknown;
  class Listing extends DiskStore {
    override async *keys(): AsyncIterable<EntryKey> {
      yield* super.keys();
      await meanwhile();
    }
  }
  const { ledger, store, write } = await cacheOf(Listing);
  await write('1');
  meanwhile = async () => {
    const clock = vi.spyOn(Date, 'now').mockReturnValue(Date.now() - 3_600_000);
    onTestFinished(() => clock.mockRestore());
    await write('2');
  };
  ledger.recordStored({ scope: 'main', hash: 'gone' }, { sizeBytes: 1, sha256: '', createdAtMs: Date.now(), writer: '', outputs: [] }); // prettier-ignore
  await ledger.reconcile(store);
  expect([...ledger.entries()].map(({ key }) => key.hash).sort()).toEqual(['1', '2']);
});

it('evicts the others while one is being written anew', async () => {
  const { cache, store, write } = await cacheOf();
  for (const hash of ['1', '2', '3']) await write(hash);
  let goOn = () => undefined as void;
  const held = new Promise<void>((resolve) => (goOn = resolve));
  const { prepare } = store.files;
  let isHeld = false;
  Object.assign(store.files, {
    prepare: async (key: EntryKey) => {
      isHeld = true;
      await held;
      return prepare(key);
    },
  });
  const writing = write('1');
  while (!isHeld) await setImmediate();
  expect(await cache.evict(nothing)).toBe(2);
  goOn();
  expect(await writing).toBe('exists');
  expect(await cache.evict(nothing)).toBe(1);
});

it('takes an entry again of which a power cut left half', async () => {
  const { cache, ledger, store, write } = await cacheOf();
  await write('1');
  const key = { scope: 'main', hash: '1' };
  await truncate(store.files.pathOf(key), 20);
  expect(await write('1')).toBe('stored');
  expect(await store.describe(key)).toMatchObject({ writer: 'w' });
  expect(ledger.get(key)).toBeDefined();
  await (await cache.read(grant, '1'))!.close();
});
