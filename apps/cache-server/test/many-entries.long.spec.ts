// Takes 80 s.
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Ledger } from '../src/ledger/ledger';
import { decodeFooter } from '../src/store/disk-format';
import { holdsSame, nxArchive } from './archive';
import { fileOf, namesOn, storeMany } from './many-entries';
import { serverProcess, type ServerProcess } from './server-process';
import { temporaryFolder } from './temporary-folder';
import { bytesOf, get, metricsOf, put, teamConfig } from './test-server';

const count = Number(process.env.ENTRIES ?? 100_000);
const rounds = Number(process.env.ROUNDS ?? 4);
/** By TEST_SEED, which the run prints. */
const momentsMs = fc.sample(fc.noBias(fc.integer({ min: 0, max: 250 })), rounds);
const evictedARound = count / 10;
const writers = 3;
const readers = 2;
const soon = { timeout: 240_000, interval: 50 };

const digestOf = (content: Buffer) => createHash('sha256').update(content).digest('hex');

async function entriesOf({ url, tokens }: ServerProcess): Promise<number> {
  return Number(/cache_entries (\d+)/.exec(await metricsOf(url, tokens.main))?.[1]);
}

async function logIn({ url, tokens }: ServerProcess): Promise<string> {
  const body = new URLSearchParams({ token: tokens.main });
  const answer = await fetch(`${url}/login`, { method: 'POST', redirect: 'manual', body });
  return answer.headers.get('set-cookie')!.split(';')[0]!;
}

/** How many entries the page says that there are. */
async function foundOn({ url }: ServerProcess, cookie: string, query = ''): Promise<number> {
  const page = await (await fetch(`${url}/${query}`, { headers: { cookie } })).text();
  expect(page.trimEnd().slice(-7), 'the end of the page').toBe('</html>');
  return Number(/>(\d+) found, /.exec(page)![1]);
}

/** What is wrong with a file that lies where entries lie, or null. */
function faultOf(data: string, hash: string): string | null {
  const file = readFileSync(fileOf(data, hash));
  const found = decodeFooter(file, file.length, { scope: 'main', hash }, null);
  if (found === null || found === 'unreadable') return `${hash}: ${file.length} bytes, no entry`;
  const { sizeBytes, sha256 } = found.record;
  return digestOf(file.subarray(0, sizeBytes)) === sha256 ? null : `${hash}: not of its digest`;
}

async function indexOf(data: string): Promise<Set<string>> {
  const ledger = new Ledger(join(data, 'journal.jsonl'));
  await ledger.open();
  await ledger.close();
  return new Set([...ledger.entries()].map(({ key }) => key.hash));
}

/** Stored by a writer of this test, and not put in place before it. */
const isNew = (name: string) => name.startsWith('n');

function difference(of: ReadonlySet<string>, without: ReadonlySet<string>): string[] {
  return [...of].filter((name) => !without.has(name));
}

it(
  `loses nothing of ${count} entries, and goes on evicting, over ${rounds} kills while it evicts and shows pages`,
  { timeout: 1_200_000 },
  async () => {
    const folder = await temporaryFolder();
    const data = join(folder, 'data');
    const known = teamConfig(data);
    const old = await storeMany(data, count);
    const files = new Map(old.map((name) => [name.slice(-2), name]));
    const inodes = new Map([...files].map(([shard, name]) => [shard, statSync(fileOf(data, name)).ino])); // prettier-ignore
    const keepAll = { maxEntries: 10 * count };

    // It serves before it knows them, and is killed while it gets to know them.
    const first = await serverProcess(folder, { keep: keepAll }, known);
    expect((await fetch(`${first.url}/ready`)).status).toBe(200);
    await expect.poll(() => entriesOf(first), soon).toBeGreaterThan(0);
    await sleep(momentsMs[0]);
    await first.kill();
    const second = await serverProcess(folder, { keep: keepAll }, known);
    await expect.poll(() => entriesOf(second), soon).toBe(count);
    expect(await foundOn(second, await logIn(second))).toBe(count);
    await second.kill();

    let expected = new Set(old);
    let interrupted = 0;
    let pages = 0;
    for (const [round, momentMs] of momentsMs.entries()) {
      const goal = expected.size - evictedARound;
      const keep = { maxEntries: goal, checkEveryMs: 20 };
      const server = await serverProcess(folder, { keep }, known);
      const cookie = await logIn(server);
      let running = true;
      const stored = new Set<string>();
      const untilKilled = (work: (at: number) => Promise<void>) =>
        (async () => {
          for (let at = 0; running; at += 1)
            await work(at).catch((error: unknown) => {
              // Only the kill may end a request.
              if (running) throw error;
            });
        })();
      const load = [
        ...Array.from({ length: writers }, (_, writer) =>
          untilKilled(async (at) => {
            const hash = `n${round}w${writer}n${at}0${at % 10}`;
            const body = await nxArchive({ 'dist/a': randomBytes([500, 90_000][at % 2]!) });
            if ((await put(server.url, known.tokens.main, hash, body)).status === 200)
              stored.add(hash);
          }),
        ),
        ...Array.from({ length: readers }, (_, reader) =>
          untilKilled(async (at) => {
            const query = ['', '?sort=task&page=700', '?q=dist&sort=size&order=up', '?sort=hits'][(at + reader) % 4]!; // prettier-ignore
            expect(await foundOn(server, cookie, query)).toBeGreaterThan(0);
            pages += 1;
          }),
        ),
      ];
      // What fails before the kill is to be said by its own name.
      const failed = new Promise<never>((_, reject) => void Promise.all(load).catch(reject));
      const begun = (async () => {
        while ((await entriesOf(server)) >= expected.size) await sleep(5);
        await sleep(momentMs);
      })();
      await Promise.race([begun, failed]);
      running = false;
      await server.kill();
      await Promise.all(load);

      const there = namesOn(data);
      const evicted = difference(expected, there);
      // Once over its budget it goes on to 95 % of it.
      if (evicted.length > 0 && there.size > 0.95 * goal + stored.size) interrupted += 1;
      // Those that came last are used least long ago: none of them went, and none that was answered is lost.
      expect(difference(stored, there), 'answered with 200, and gone').toEqual([]);
      expect(evicted.filter(isNew), 'went before older ones').toEqual([]);
      const left = [...there].filter((name) => !isNew(name));
      const changed = left.filter((name) => statSync(fileOf(data, name)).ino !== inodes.get(name.slice(-2))); // prettier-ignore
      expect(changed, 'files that nobody has written').toEqual([]);
      // The old ones are a hundred files, each under many names.
      const oneOfEach = new Map(left.map((name) => [name.slice(-2), name])).values();
      const faults = [...oneOfEach, ...[...there].filter(isNew)].map((name) => faultOf(data, name));
      expect(faults.filter((fault) => fault !== null)).toEqual([]);

      // Without a budget nothing more goes, and what it knows is what lies there.
      const again = await serverProcess(folder, { keep: keepAll }, known);
      await expect.poll(() => entriesOf(again), soon).toBe(there.size);
      expect(await foundOn(again, await logIn(again))).toBe(there.size);
      for (const hash of stored)
        expect((await get(again.url, known.tokens.main, hash)).status, hash).toBe(200);
      for (const hash of evicted.slice(0, 100))
        expect((await get(again.url, known.tokens.main, hash)).status, hash).toBe(404);
      const some = left[0]!;
      const archive = await nxArchive({ 'dist/a': `of ${some.slice(-2)}` });
      const body = await bytesOf(await get(again.url, known.tokens.main, some));
      expect(await holdsSame(body, archive)).toBe(true);
      again.child.kill('SIGTERM');
      await once(again.child, 'close');
      const index = await indexOf(data);
      expect(difference(there, index), 'on the disk and not in the index').toEqual([]);
      expect(difference(index, there), 'in the index and not on the disk').toEqual([]);
      expect(namesOn(data)).toEqual(there);
      expected = there;
    }

    const goal = expected.size - evictedARound;
    const last = await serverProcess(folder, { keep: { maxEntries: goal, checkEveryMs: 20 } }, known); // prettier-ignore
    await expect.poll(() => entriesOf(last), soon).toBeLessThanOrEqual(goal);
    await expect.poll(async () => (await entriesOf(last)) === namesOn(data).size, soon).toBe(true);
    await last.kill();
    console.log(`killed ${interrupted} times of ${rounds} in the middle of an eviction, ${pages} pages read`); // prettier-ignore
    // It saw what it is about: else all of the above says nothing.
    expect(pages).toBeGreaterThan(0);
    expect(interrupted).toBeGreaterThan(0);
  },
);
