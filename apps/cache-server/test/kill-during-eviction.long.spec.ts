// Takes 20 s.
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { contentsOf, nxArchive } from './archive';
import { serverProcess } from './server-process';
import { temporaryFolder } from './temporary-folder';
import { bytesOf, get, metricsOf, put, teamConfig } from './test-server';

const rounds = Number(process.env.ROUNDS ?? 8);
/** By TEST_SEED, which the run prints. */
const momentsMs = fc.sample(fc.noBias(fc.integer({ min: 0, max: 400 })), rounds);
const maxBytes = 8_000_000;
const writers = 6;
/** Behind each entry lies what is known of it, in far fewer bytes than this. */
const footer = 2048;
const digestOf = (content: Buffer) => createHash('sha256').update(content).digest('hex');

/** Sizes of all files below a folder, in bytes. */
function filesIn(folder: string): number[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => statSync(join(entry.parentPath, entry.name)).size);
}

const metric = (text: string, name: string) =>
  [...text.matchAll(new RegExp(`_${name}(?:{[^}]*})? ([0-9.e+]+)$`, 'gm'))].reduce(
    (sum, match) => sum + Number(match[1]),
    0,
  );

it(
  `counts what lies on the disk and stays within its budget after each of ${rounds} kills while it evicts`,
  { timeout: rounds * 30_000 },
  async () => {
    const folder = await temporaryFolder();
    const data = join(folder, 'data');
    const known = teamConfig(data);
    const keep = { maxBytes, checkEveryMs: 50 };
    const sent = new Map<string, string>();
    let whole = 0;
    let gone = 0;
    let evicted = 0;
    let left = 0;

    for (let round = 0; round < rounds; round += 1) {
      const server = await serverProcess(folder, { keep }, known);
      for (const [hash, digest] of sent) {
        const response = await get(server.url, known.tokens.main, hash);
        const body = await bytesOf(response);
        if (response.status === 404) {
          gone += 1;
          continue;
        }
        expect(response.status).toBe(200);
        whole += 1;
        expect(digestOf((await contentsOf(body)).get('dist/a')!)).toBe(digest);
      }
      // Nothing is sent any more, so what the kill interrupted is ended by the server's own checks.
      await expect
        .poll(
          async () => {
            const text = await metricsOf(server.url, known.tokens.main);
            const onDisk = filesIn(join(data, 'entries'));
            const bytes = metric(text, 'entry_bytes');
            return {
              counted: metric(text, 'entries') === onDisk.length,
              within: bytes <= maxBytes,
              sized: onDisk.reduce((sum, size) => sum + size, 0) - bytes <= onDisk.length * footer,
              // Uploads that were under way.
              left: filesIn(join(data, 'incoming')).length,
            };
          },
          { timeout: 10_000 },
        )
        .toEqual({ counted: true, within: true, sized: true, left: 0 });
      sent.clear();

      let running = true;
      let stored = 0;
      const load = Array.from({ length: writers }, async (_, writer) => {
        for (let at = 0; running; at += 1) {
          const hash = `${round}0${writer}0${at}`;
          const content = randomBytes([2_000, 200_000, 2_000_000][at % 3]!);
          sent.set(hash, digestOf(content));
          const body = await nxArchive({ 'dist/a': content });
          const answer = await put(server.url, known.tokens.main, hash, body).catch(() => null);
          if (answer?.status === 200) stored += content.length;
        }
      });
      // Somewhere after the budget was reached for the first time, however slow the machine is.
      while (stored < maxBytes) await sleep(10);
      await sleep(momentsMs[round]);
      const text = await metricsOf(server.url, known.tokens.main);
      evicted += metric(text, 'evicted_total');
      await server.kill();
      left += filesIn(join(data, 'incoming')).length;
      running = false;
      await Promise.all(load);
    }
    // It saw what it is about: else all of the above says nothing.
    expect(Object.entries({ whole, gone, evicted, left }).filter(([, seen]) => seen === 0)).toEqual(
      [],
    );
  },
);
