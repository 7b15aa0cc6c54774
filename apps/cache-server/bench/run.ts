import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { bundle } from '../build.mjs';
import { nxArchive } from '../test/archive';
import { findNginx } from '../tools/nginx.mjs';
import { chart } from './chart';
import { load, percentile, type LoadRequest } from './http-load';
import { report, type BenchResult, type Row } from './report';
import { forgetPeak, peakBytes, startNginx, startOurs, type BenchServer } from './servers';

const root = join(__dirname, '../../..');
const quick = process.argv.includes('--quick');
/** `--only '1 MB'` for one size, while working on it. */
const only = process.argv[process.argv.indexOf('--only') + 1];
const sizes = { '10 KB': 10_000, '1 MB': 1_000_000, '100 MB': 100_000_000 } as const;
const clientCounts = [1, 16, 64];

/** Enough for a figure, few enough for the whole run to take minutes; at least one request a client. */
const plans = {
  '10 KB': { requests: 1_500, rounds: 3 },
  '1 MB': { requests: 150, rounds: 3 },
  '100 MB': { requests: 4, rounds: 1 },
} as const;

async function main(): Promise<void> {
  await mkdir(join(root, 'tmp'), { recursive: true });
  const folder = await mkdtemp(join(root, 'tmp/bench-cache-'));
  const mainFile = join(folder, 'main.js');
  await bundle(mainFile);
  const servers = [
    await startNginx(findNginx(), join(folder, 'nginx')),
    await startOurs(mainFile, join(folder, 'ours')),
  ];
  try {
    const rows = await measureTransfers(servers, folder);
    const missP99Ms = await measureMisses(servers[1]!);
    const result: BenchResult = {
      date: new Date().toISOString().slice(0, 10),
      machine: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, Node ${process.version}`,
      rows,
      missP99Ms,
    };
    const target = join(root, 'docs/benchmarks');
    await mkdir(target, { recursive: true });
    await writeFile(join(target, 'cache.json'), `${JSON.stringify(result, null, 2)}\n`);
    await writeFile(join(target, 'cache.md'), report(result));
    await writeFile(join(target, 'cache.svg'), chart(result));
    process.stdout.write(report(result));
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
    await rm(folder, { recursive: true, force: true });
  }
}

async function measureTransfers(servers: BenchServer[], folder: string): Promise<Row[]> {
  const rows: Row[] = [];
  let serial = 0;
  for (const [name, size] of Object.entries(sizes)) {
    if (process.argv.includes('--only') && name !== only) continue;
    const body = await nxArchive({ 'dist/layer': randomBytes(size - 1_000) });
    const plan = plans[name as keyof typeof plans];
    const rounds = quick ? 1 : plan.rounds;
    for (const clients of clientCounts) {
      const count = Math.max(clients, quick ? plan.requests / 2 : plan.requests);
      const samples: Record<string, number[]> = {};
      const peaks: Record<string, number> = { PUT: 0, GET: 0 };
      for (let round = 0; round < rounds; round += 1) {
        const hashes = Array.from({ length: count }, () => String((serial += 1)));
        // Which server goes first changes, so that neither always finds the disk busy.
        for (const server of round % 2 === 0 ? servers : [...servers].reverse()) {
          for (const method of ['PUT', 'GET'] as const) {
            await forgetPeak(server.pid);
            const requests = hashes.map((hash): LoadRequest => {
              const path = `/v1/cache/${hash}`;
              return method === 'PUT' ? { method, path, body } : { method, path };
            });
            const { seconds, statuses } = await load(server.url, server.token, clients, requests);
            const good = (statuses[200] ?? 0) + (statuses[201] ?? 0);
            if (good !== count)
              throw new Error(`${server.name} ${method}: ${JSON.stringify(statuses)}`);
            (samples[`${server.name} ${method}`] ??= []).push(
              (count * body.length) / seconds / 1e6,
            );
            if (server.name === 'ours')
              peaks[method] = Math.max(peaks[method]!, await peakBytes(server.pid));
          }
        }
        await forget(folder);
      }
      for (const method of ['PUT', 'GET'] as const) {
        const nginx = percentile(samples[`nginx ${method}`]!, 0.5);
        const ours = percentile(samples[`ours ${method}`]!, 0.5);
        const row = {
          method,
          size: name,
          clients,
          nginx,
          ours,
          ratio: ours / nginx,
          peakBytes: peaks[method]!,
        };
        process.stderr.write(`${JSON.stringify(row)}\n`);
        rows.push(row);
      }
    }
  }
  return rows;
}

async function measureMisses(server: BenchServer): Promise<number> {
  const requests = Array.from({ length: quick ? 1_000 : 8_000 }, (_, at): LoadRequest => {
    return { method: 'GET', path: `/v1/cache/99${at}` };
  });
  const { latenciesMs, statuses } = await load(server.url, server.token, 16, requests);
  if (statuses[404] !== requests.length) throw new Error(`misses: ${JSON.stringify(statuses)}`);
  return percentile(latenciesMs, 0.99);
}

/** Makes room for the next round; 64 entries of 100 MB fill a disk soon. */
async function forget(folder: string): Promise<void> {
  await rm(join(folder, 'nginx/v1/cache'), { recursive: true });
  await mkdir(join(folder, 'nginx/v1/cache'));
  await rm(join(folder, 'ours/data/entries'), { recursive: true });
}

main().catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
});
