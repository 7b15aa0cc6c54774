// Takes 15 s.
import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { contentsOf, nxArchive } from './archive';
import { serverProcess } from './server-process';
import { temporaryFolder } from './temporary-folder';
import { bytesOf, get, put, teamConfig } from './test-server';
import { join } from 'node:path';

/** 100 in `nx run cache-server:fault`; fewer where every change runs them. */
const rounds = Number(process.env.ROUNDS ?? 8);
/** By TEST_SEED, which the run prints. */
const momentsMs = fc.sample(fc.noBias(fc.integer({ min: 0, max: 500 })), rounds);
const writers = 6;
const digestOf = (content: Buffer) => createHash('sha256').update(content).digest('hex');

it(
  `serves only whole entries after each of ${rounds} kills under load`,
  { timeout: rounds * 20_000 },
  async () => {
    const folder = await temporaryFolder();
    const known = teamConfig(join(folder, 'data'));
    const sent = new Map<string, string>();
    const acknowledged = new Set<string>();
    let served = 0;

    for (let round = 0; round < rounds; round += 1) {
      const server = await serverProcess(folder, {}, known);
      for (const [hash, digest] of sent) {
        const response = await get(server.url, known.tokens.main, hash);
        if (acknowledged.has(hash))
          expect(response.status, `entry ${hash} was acknowledged`).toBe(200);
        const body = await bytesOf(response);
        if (response.status !== 200) continue;
        served += 1;
        expect(digestOf((await contentsOf(body)).get('dist/a')!)).toBe(digest);
      }
      // Each round checks what the round before it left; earlier entries have been seen.
      sent.clear();
      acknowledged.clear();

      let running = true;
      const load = Array.from({ length: writers }, async (_, writer) => {
        for (let at = 0; running; at += 1) {
          const hash = `${round}0${writer}0${at}`;
          const size = [2_000, 200_000, 3_000_000][at % 3]!;
          const content = randomBytes(size);
          const archive = await nxArchive({ 'dist/a': content });
          sent.set(hash, digestOf(content));
          const answer = await put(server.url, known.tokens.main, hash, archive).catch(() => null);
          if (answer?.status === 200) acknowledged.add(hash);
        }
      });
      // Somewhere in the middle of it, however slow the machine is.
      while (acknowledged.size < 2) await sleep(10);
      await sleep(momentsMs[round]);
      await server.kill();
      running = false;
      await Promise.all(load);
    }
    expect(served).toBeGreaterThan(rounds);
  },
);
