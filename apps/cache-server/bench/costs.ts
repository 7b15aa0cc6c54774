import { createHash, randomBytes } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { gunzipSync } from 'node:zlib';
import { nxArchive } from '../test/archive';
import { percentile } from './http-load';

/** What an upload of ours does and one of nginx does not, each measured by itself, in milliseconds. */
export interface Costs {
  /** CPU, for 1 MB. */
  digest: number;
  inflate: number;
  /** Waiting for this disk: the median after a write of that size. */
  sync10Kb: number;
  sync1Mb: number;
}

const rounds = 30;

/** Measures on the disk that `folder` is on. */
export async function measureCosts(folder: string): Promise<Costs> {
  const bytes = randomBytes(999_000);
  const archive = await nxArchive({ 'dist/layer': bytes });
  return {
    digest: leastCpuMs(() => createHash('sha256').update(archive).digest()),
    inflate: leastCpuMs(() => gunzipSync(archive, { chunkSize: 128 * 1024 })),
    sync10Kb: await syncMs(folder, bytes.subarray(0, 10_000)),
    sync1Mb: await syncMs(folder, bytes),
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

async function syncMs(folder: string, bytes: Buffer): Promise<number> {
  const times: number[] = [];
  for (let at = 0; at < rounds; at += 1) {
    const path = join(folder, `sync-${at}`);
    const handle = await open(path, 'wx');
    await handle.write(bytes);
    const startedMs = performance.now();
    await handle.datasync();
    times.push(performance.now() - startedMs);
    await handle.close();
    await rm(path);
  }
  return percentile(times, 0.5);
}
