import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bundle } from '../build.mjs';
import { findNginx } from '../tools/nginx.mjs';
import { chart } from './chart';
import { measureCosts } from './costs';
import { load, percentile, type LoadRequest } from './http-load';
import { measureMany } from './many';
import { report, type BenchResult, type Row } from './report';
import { findTurboCache } from '../tools/turbo-cache.mjs';
import { startNginx, startOurs, startPeer, type BenchServer } from './servers';
import { measureTransfers, type TransferPlan } from './transfers';
import { measureVariants } from './variants';

const root = join(__dirname, '../../..');
const { values } = parseArgs({
  options: {
    /** One round of each, to see that it runs: nothing is written. */
    quick: { type: 'boolean', default: false },
    /** zstd and encryption by ourselves; printed, and nothing is written. */
    variants: { type: 'boolean', default: false },
    /** '1 MB', for one size while working on it: nothing is written. */
    only: { type: 'string' },
    /** Of the orders in which the servers take their turns. */
    seed: { type: 'string', default: '1' },
  },
});
const { quick, variants, only } = values;
const seed = Number(values.seed);

/** Enough for a figure, few enough for the whole run to take minutes. */
const plans: Omit<TransferPlan, 'seed'>[] = [
  { name: '10 KB', sizeBytes: 10_000, requests: 1_000, rounds: 7, withPeer: true },
  { name: '1 MB', sizeBytes: 1_000_000, requests: 100, rounds: 7, withPeer: true },
  // The peer holds each body in memory: 64 of these would not fit into the machine.
  { name: '100 MB', sizeBytes: 100_000_000, requests: 4, rounds: 1, withPeer: false },
];

async function main(): Promise<void> {
  if (!Number.isInteger(seed)) throw new Error(`--seed wants a whole number, not ${values.seed}`);
  const loadBefore = loadavg()[0]!;
  await mkdir(join(root, 'tmp'), { recursive: true });
  const folder = await mkdtemp(join(root, 'tmp/bench-cache-'));
  const mainFile = join(folder, 'main.js');
  await bundle(mainFile);
  try {
    if (variants)
      process.stdout.write(
        await measureVariants(mainFile, folder, { rounds: quick ? 1 : 9, seed }),
      );
    else await compareServers(mainFile, folder, loadBefore);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function compareServers(mainFile: string, folder: string, loadBefore: number): Promise<void> {
  const nginx = await startNginx(findNginx(), join(folder, 'nginx'));
  const peer = await startPeer('peer', findTurboCache(), join(folder, 'peer'));
  const syncing = await startPeer('syncing', findTurboCache(), join(folder, 'syncing'));
  const ours = await startOurs(mainFile, join(folder, 'ours'));
  try {
    const costsMs = await measureCosts(folder);
    const rows: Row[] = [];
    for (const plan of plans) {
      if (only !== undefined && plan.name !== only) continue;
      const rounds = quick ? 1 : plan.rounds;
      const servers = plan.withPeer ? [nginx, peer, syncing, ours] : [nginx, ours];
      rows.push(...(await measureTransfers(servers, { ...plan, rounds, seed }, folder)));
    }
    const result: BenchResult = {
      date: new Date().toISOString().slice(0, 10),
      machine: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, Node ${process.version}`,
      cores: cpus().length,
      loadBefore,
      rows,
      costsMs,
      missP99Ms: await measureMisses(ours),
      many: only === undefined ? await measureMany(mainFile, join(folder, 'many')) : null,
      rounds: plans[0]!.rounds,
      seed,
    };
    process.stdout.write(report(result));
    if (only === undefined && !quick) await write(result);
  } finally {
    await Promise.all([nginx, peer, syncing, ours].map((server) => server.stop()));
  }
}

async function write(result: BenchResult): Promise<void> {
  const target = join(root, 'docs/benchmarks');
  await mkdir(target, { recursive: true });
  await writeFile(join(target, 'cache.json'), `${JSON.stringify(result, null, 2)}\n`);
  await writeFile(join(target, 'cache.md'), report(result));
  await writeFile(join(target, 'cache.svg'), chart(result));
}

/** The median over a few rounds of the p99 in each. */
async function measureMisses(server: BenchServer): Promise<number> {
  const p99s: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    const requests = Array.from({ length: 2_000 }, (_, at): LoadRequest => {
      return { method: 'GET', path: `/v1/cache/miss-${round}-${at}` };
    });
    const { latenciesMs, statuses } = await load(server.url, server.token, 16, requests);
    if (statuses[404] !== requests.length) throw new Error(`misses: ${JSON.stringify(statuses)}`);
    p99s.push(percentile(latenciesMs, 0.99));
  }
  return percentile(p99s, 0.5);
}

main().catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
});
