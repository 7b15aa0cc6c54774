import { createHash, randomBytes } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ArchivePool } from '../src/intake/archive-pool';
import { Cache } from '../src/cache';
import type { EntryKey } from '../src/entry-key';
import { Ledger } from '../src/ledger/ledger';
import { DiskStore } from '../src/store/disk-store';
import { Spool } from '../src/upload/spool';
import { Readable } from 'node:stream';
import { nxArchive } from './archive';
import { temporaryFolder } from './temporary-folder';

const grant = { subject: 'w', scope: 'main', isTrusted: true, reads: ['main'], writes: true };
const limits = { maxBytes: 1e7, maxUnpackedBytes: 1e8, maxEntries: 100, maxRatio: 250 };
const hashes = ['1', '2'];
const all = {
  keep: { maxBytes: 1, maxEntries: 100, maxIdleDays: 365 },
  scopes: { main: { trusted: true, parents: [] } },
};

type Step = { wait: number; hash: string } & { kind: 'write' | 'read' | 'evict' | 'damage' };
const step: fc.Arbitrary<Step> = fc.record({
  wait: fc.integer({ min: 0, max: 12 }),
  hash: fc.constantFrom(...hashes),
  kind: fc.constantFrom('write', 'write', 'read', 'evict', 'damage'),
});

/** Small ones are answered from memory, large ones from a file: two ways through the store. */
const archives = Promise.all([
  nxArchive({ 'dist/a': 'small' }),
  nxArchive({ 'dist/a': randomBytes(200_000) }),
]);

it(
  'whatever writes, reads, removals and damage meet, what is stored is found and counted',
  { timeout: 240_000 },
  async () => {
    // prettier-ignore
    const pool = new ArchivePool(1);
    const bodies = await archives;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 14 }), async (steps) => {
        const folder = await temporaryFolder();
        const spool = new Spool(join(folder, 'incoming'), pool);
        await spool.clear();
        const ledger = new Ledger(join(folder, 'journal.jsonl'));
        const store = new DiskStore(folder, { damaged: (key) => ledger.recordRemoved(key) });
        const cache = new Cache({ store, spool, ledger }, { limits, stallMs: 5_000 });
        await store.check();
        for await (const _ of store.keys()) continue;

        await Promise.all(
          steps.map((each, at) => play(each, bodies[at % 2]!, cache, store, folder)),
        );

        for (const hash of hashes) {
          const key = { scope: 'main', hash };
          const entry = await store.read(key);
          const isSound = entry !== null;
          await entry?.close();
          // Damage may still lie there unread; reading it has just set it aside.
          expect({ hash, found: isSound, counted: ledger.get(key) !== undefined }).toEqual({
            hash,
            found: isSound,
            counted: isSound,
          });
          const isThere = (await fileOf(folder, key)) !== null;
          expect({ hash, found: isSound }).toEqual({ hash, found: isThere });
          if (entry && Buffer.isBuffer(entry.body))
            expect(createHash('sha256').update(entry.body).digest('hex')).toBe(entry.record.sha256);
        }
      }),
      { numRuns: Number(process.env.RUNS ?? 300), seed: 8 },
    );
    await pool.close();
  },
);

async function play(
  { wait, hash, kind }: Step,
  body: Buffer,
  cache: Cache,
  store: DiskStore,
  folder: string,
): Promise<void> {
  for (let at = 0; at < wait; at += 1) await setImmediate();
  const key = { scope: 'main', hash };
  if (kind === 'write') await cache.write(grant, hash, Readable.from([body]));
  else if (kind === 'evict') await cache.evict(all);
  else if (kind === 'read') await (await cache.read(grant, hash))?.close();
  else {
    const file = await fileOf(folder, key);
    if (!file) return;
    file[20]! ^= 1;
    await writeFile(pathOf(folder, key), file, { flag: 'r+' }).catch(() => undefined);
    // What memory holds of it is still right; damage shows where the file is read.
    await (await store.read(key))?.close();
  }
}

function pathOf(folder: string, { hash }: EntryKey): string {
  return join(folder, 'entries/main', hash.padStart(2, '0'), hash);
}

async function fileOf(folder: string, key: EntryKey): Promise<Buffer | null> {
  await readdir(folder);
  return readFile(pathOf(folder, key)).catch(() => null);
}
