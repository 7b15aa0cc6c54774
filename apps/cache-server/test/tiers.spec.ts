import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ArchivePool } from '../src/intake/archive-pool';
import { Cache } from '../src/cache';
import type { EntryRecord } from '../src/entry/entry-record';
import { keyText, type EntryKey } from '../src/entry-key';
import { Ledger } from '../src/ledger/ledger';
import { DiskStore } from '../src/store/disk-store';
import type { Remote } from '../src/store/remote';
import { TieredStore } from '../src/store/tiered-store';
import { Spool } from '../src/upload/spool';
import { nxArchive } from './archive';
import { temporaryFolder } from './temporary-folder';

const grant = { subject: 'w', scope: 'main', isTrusted: true, reads: ['main'], writes: true };
const limits = { maxBytes: 1e7, maxUnpackedBytes: 1e8, maxEntries: 100, maxRatio: 250 };
const rules = { limits, stallMs: 5_000 };
const hashes = ['1', '2'];
const all = {
  keep: { maxBytes: 1, maxEntries: 100, maxIdleDays: 365 },
  scopes: { main: { trusted: true, parents: [] } },
};

type Step = { wait: number; hash: string } & {
  kind: 'write' | 'refused' | 'read' | 'evict' | 'resend' | 'fail' | 'recover';
};
const step: fc.Arbitrary<Step> = fc.record({
  wait: fc.integer({ min: 0, max: 12 }),
  hash: fc.constantFrom(...hashes),
  kind: fc.constantFrom(
    ...(['write', 'write', 'refused', 'read', 'evict', 'resend', 'resend', 'fail', 'recover'] as const), // prettier-ignore
  ),
});

const archives = Promise.all([
  nxArchive({ 'dist/a': 'small' }),
  nxArchive({ 'dist/a': randomBytes(200_000) }),
]);

/** Takes its time, and fails while it is told to. */
class SlowRemote implements Remote {
  readonly has = new Map<string, { bytes: Buffer; record: EntryRecord }>();
  fails = false;

  constructor(readonly spool: Spool) {}

  async fetch(key: EntryKey) {
    await this.#turns();
    const found = this.has.get(keyText(key));
    if (!found) return null;
    const spooled = await this.spool.receive(Readable.from([found.bytes]), rules);
    return { spooled, record: found.record };
  }

  async send(key: EntryKey, body: () => Readable, record: EntryRecord) {
    await this.#turns();
    const bytes = await buffer(body());
    await this.#turns();
    if (this.has.has(keyText(key))) return 'exists';
    this.has.set(keyText(key), { bytes, record });
    return 'stored';
  }

  async remove() {}
  async *keys() {}
  async describe() {
    return null;
  }
  async check() {}
  async close() {}

  async #turns(): Promise<void> {
    for (let at = 0; at < 3; at += 1) await setImmediate();
    if (this.fails) throw new Error('the remote is down');
  }
}

it(
  'whenever it is killed, what lies in front is at the remote or marked to be sent there',
  { timeout: 240_000 },
  async () => {
    const pool = new ArchivePool(1);
    const bodies = await archives;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 14 }), async (steps) => {
        const folder = await temporaryFolder();
        const spool = new Spool(join(folder, 'incoming'), pool);
        await spool.clear();
        const ledger = new Ledger(join(folder, 'journal.jsonl'));
        const remote = new SlowRemote(spool);
        const front = new DiskStore(folder, { damaged: (key) => ledger.recordRemoved(key) });
        const pending = join(folder, 'pending');
        const store = new TieredStore(front, remote, pending, { backFailed: () => undefined });
        await store.open();
        await store.check();
        for await (const _ of store.keys()) continue;
        const cache = new Cache({ store, spool, ledger }, rules);

        /** As a new process would find it: what nobody would send. */
        const forgotten = () =>
          hashes.filter((hash) => {
            const key = { scope: 'main', hash };
            if (!existsSync(front.files.pathOf(key))) return false;
            return !remote.has.has(keyText(key)) && !existsSync(join(pending, `main@${hash}`));
          });
        let isOver = false;
        const watched = (async () => {
          for (; !isOver; await setImmediate()) expect(forgotten()).toEqual([]);
        })();
        const play = async ({ wait, hash, kind }: Step, body: Buffer): Promise<void> => {
          for (let at = 0; at < wait; at += 1) await setImmediate();
          if (kind === 'write') await cache.write(grant, hash, Readable.from([body]));
          else if (kind === 'refused') await refused(cache, hash);
          else if (kind === 'read') await (await cache.read(grant, hash))?.close();
          else if (kind === 'evict') await cache.evict(all);
          else if (kind === 'resend') await store.resend();
          else remote.fails = kind === 'fail';
        };
        await Promise.all([
          Promise.all(steps.map((each, at) => play(each, bodies[at % 2]!))).finally(
            () => (isOver = true),
          ),
          watched,
        ]);

        remote.fails = false;
        await store.resend();
        expect(readdirSync(pending)).toEqual([]);
        expect(forgotten()).toEqual([]);
        await store.close();
      }),
      { numRuns: Number(process.env.RUNS ?? 300), seed: Number(process.env.TEST_SEED ?? 8) },
    );
    await pool.close();
  },
);

async function refused(cache: Cache, hash: string): Promise<void> {
  const body = Readable.from([Buffer.from('no archive')]);
  await expect(cache.write(grant, hash, body)).rejects.toMatchObject({ code: 'ARCHIVE_REFUSED' });
}
