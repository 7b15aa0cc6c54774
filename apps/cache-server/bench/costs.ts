import { createHash, randomBytes } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { gunzipSync } from 'node:zlib';
import { ArchiveFile } from '../src/intake/archive-file';
import type { WrittenArchive } from '../src/intake/archive-messages';
import { nxArchive } from '../test/archive';
import { percentile } from './http-load';

/** What an upload of ours does and one of nginx does not, each measured by itself, in milliseconds. */
export interface Costs {
  /** CPU, for 1 MB. */
  digest: number;
  inflate: number;
  /** Until an entry of that size that is written lies on this disk under its name: the median. */
  settle10Kb: number;
  settle1Mb: number;
}

const rounds = 30;

/** Measures on the disk that `folder` is on. */
export async function measureCosts(folder: string): Promise<Costs> {
  const bytes = randomBytes(999_000);
  const archive = await nxArchive({ 'dist/layer': bytes });
  return {
    digest: leastCpuMs(() => createHash('sha256').update(archive).digest()),
    inflate: leastCpuMs(() => gunzipSync(archive, { chunkSize: 128 * 1024 })),
    settle10Kb: await settleMs(join(folder, 'settle-10-kb'), bytes.subarray(0, 10_000)),
    settle1Mb: await settleMs(join(folder, 'settle-1-mb'), bytes),
  };
}

function leastCpuMs(work: () => unknown): number {
  const times = Array.from({ length: rounds }, () => {
    const before = process.cpuUsage();
    // The clock of the CPU ticks in milliseconds.
    for (let at = 0; at < 20; at += 1) work();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000 / 20;
  });
  return Math.min(...times);
}

/** By what an upload goes through itself, so that it is measured as it is. */
async function settleMs(folder: string, bytes: Buffer): Promise<number> {
  await mkdir(folder);
  const times: number[] = [];
  for (let at = 0; at < rounds; at += 1) {
    const origin = {
      key: { scope: 'main', hash: String(at) },
      writer: 'bench',
      signature: undefined,
    };
    const entry = { origin, path: join(folder, String(at)) };
    const file = new ArchiveFile({ path: join(folder, `incoming-${at}`), seal: null, entry });
    file.write(bytes);
    const { footer, record } = file.footerOf(archiveOf(bytes))!;
    file.write(footer);
    const startedMs = performance.now();
    await file.settle(record);
    times.push(performance.now() - startedMs);
    file.close();
  }
  await rm(folder, { recursive: true });
  return percentile(times, 0.5);
}

function archiveOf({ length }: Buffer): WrittenArchive {
  return {
    packing: 'gzip',
    sizeBytes: length,
    sha256: '',
    receivedSha256: null,
    contentSha256: null,
    outputs: ['dist/layer'],
  };
}
