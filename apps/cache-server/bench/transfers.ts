import { randomBytes } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { nxArchive } from '../test/archive';
import { load, percentile, type LoadRequest } from './http-load';
import { ordersOf } from './orders';
import type { Row } from './report';
import { cpuMs, forgetPeak, peakBytes, type BenchServer } from './servers';

type Method = Row['method'];

export interface TransferPlan {
  name: string;
  sizeBytes: number;
  /** In each round; at least one for each client. */
  requests: number;
  rounds: number;
  /** Of the orders in which the servers take their turns. */
  seed: number;
  /** Whether the peer is measured as well. */
  withPeer: boolean;
}

/** One server, one method, one round. */
interface Sample {
  megabytesPerSecond: number;
  cpuMs: number;
  peakBytes: number;
}

const clientCounts = [1, 16, 64];
const large = 10_000_000;
let serial = 0;

/** Moves bodies of one size to and from all servers, with each number of clients. */
export async function measureTransfers(
  servers: BenchServer[],
  { name, sizeBytes, requests, rounds, seed }: Omit<TransferPlan, 'withPeer'>,
  folder: string,
): Promise<Row[]> {
  const body = await nxArchive({ 'dist/layer': randomBytes(sizeBytes - 1_000) });
  // Just-in-time compilers and empty caches are no part of what is compared. V8 still gains a third
  // between its 2,000th and its 8,000th upload.
  if (sizeBytes < large) await round(servers, body, 16, 4 * requests);
  const rows: Row[] = [];
  for (const clients of clientCounts) {
    const taken: Awaited<ReturnType<typeof round>>[] = [];
    for (const order of ordersOf(servers, rounds, seed + clients)) {
      taken.push(await round(order, body, clients, Math.max(clients, requests)));
      if (sizeBytes >= large) await forget(folder);
    }
    for (const method of ['PUT', 'GET'] as const) {
      const median = (of: (sample: (typeof taken)[number]) => number) =>
        percentile(taken.map(of), 0.5);
      // Of each round by itself: what else the machine does changes from round to round.
      const ratioTo = (other: BenchServer['name']) =>
        median((each) => each.ours![method].megabytesPerSecond / each[other]![method].megabytesPerSecond); // prettier-ignore
      const figures = (name: BenchServer['name']) => ({
        megabytesPerSecond: median((each) => each[name]![method].megabytesPerSecond),
        cpuMs: median((each) => each[name]![method].cpuMs),
      });
      const row: Row = {
        method,
        size: name,
        clients,
        nginx: figures('nginx'),
        peer: servers.some(({ name }) => name === 'peer') ? figures('peer') : null,
        syncing: servers.some(({ name }) => name === 'syncing') ? figures('syncing') : null,
        ours: figures('ours'),
        ofNginx: ratioTo('nginx'),
        ofPeer: servers.some(({ name }) => name === 'peer') ? ratioTo('peer') : null,
        ofSyncing: servers.some(({ name }) => name === 'syncing') ? ratioTo('syncing') : null,
        peakBytes: Math.max(...taken.map((each) => each.ours![method].peakBytes)),
      };
      process.stderr.write(`${JSON.stringify(row)}\n`);
      rows.push(row);
    }
  }
  // Not between the rounds: ext4 is slow to make files where many have just been removed.
  await forget(folder);
  return rows;
}

async function round(
  servers: BenchServer[],
  body: Buffer,
  clients: number,
  count: number,
): Promise<Partial<Record<BenchServer['name'], Record<Method, Sample>>>> {
  const ids = Array.from({ length: count }, () => String((serial += 1)));
  const samples: Partial<Record<BenchServer['name'], Record<Method, Sample>>> = {};
  for (const server of servers) {
    const PUT = await sample(
      server,
      clients,
      body,
      ids.map((id) => ({ method: 'PUT', path: server.path(id), body })),
    );
    const GET = await sample(
      server,
      clients,
      body,
      ids.map((id) => ({ method: 'GET', path: server.path(id) })),
    );
    samples[server.name] = { PUT, GET };
  }
  return samples;
}

async function sample(
  { name, url, token, pid }: BenchServer,
  clients: number,
  body: Buffer,
  requests: LoadRequest[],
): Promise<Sample> {
  await forgetPeak(pid);
  const before = await cpuMs(pid);
  const { seconds, statuses } = await load(url, token, clients, requests);
  const good = (statuses[200] ?? 0) + (statuses[201] ?? 0);
  if (good !== requests.length) throw new Error(`${name}: ${JSON.stringify(statuses)}`);
  return {
    megabytesPerSecond: (requests.length * body.length) / seconds / 1e6,
    cpuMs: ((await cpuMs(pid)) - before) / requests.length,
    peakBytes: await peakBytes(pid),
  };
}

/** Makes room: 64 entries of 100 MB fill a disk soon. The peer does not make its folders anew. */
async function forget(folder: string): Promise<void> {
  await rm(join(folder, 'nginx/v1/cache'), { recursive: true });
  await mkdir(join(folder, 'nginx/v1/cache'));
  await rm(join(folder, 'ours/data/entries'), { recursive: true, force: true });
}
