import { turboCacheVersion } from '../tools/turbo-cache.mjs';
import type { Costs } from './costs';
import type { ManyEntries } from './many';

interface Figures {
  /** The median of the rounds. */
  megabytesPerSecond: number;
  /** CPU time of the server for one request. */
  cpuMs: number;
}

export interface Row {
  method: 'PUT' | 'GET';
  size: string;
  clients: number;
  nginx: Figures;
  /** Null where it was not measured. */
  peer: Figures | null;
  /** The same peer, made to sync. */
  syncing: Figures | null;
  ours: Figures;
  /** Our throughput to theirs: the median of what each round gave. */
  ofNginx: number;
  ofPeer: number | null;
  ofSyncing: number | null;
  /** The most memory that our process held. */
  peakBytes: number;
}

export interface BenchResult {
  date: string;
  machine: string;
  cores: number;
  rounds: number;
  /** Of the orders in which the servers took their turns. */
  seed: number;
  /** Processes that wanted a core in the minute before the run. */
  loadBefore: number;
  rows: Row[];
  costsMs: Costs;
  missP99Ms: number;
  /** Null where it was not measured. */
  many: ManyEntries | null;
}

/** Of the throughput of the peer that syncs. */
export const goals = { PUT: 1.5, GET: 2 } as const;
const peakGoalBytes = 200e6;
const missGoalMs = 10;
const manyGoals: ManyEntries = { readyMs: 2_000, pageMs: 100 };

/** The result as a page of Markdown. */
export function report(result: BenchResult): string {
  const { date, machine, rounds, seed, loadBefore, rows, costsMs, missP99Ms } = result;
  const peak = Math.max(...rows.map(({ peakBytes }) => peakBytes));
  const { digest, inflate, settle10Kb, settle1Mb } = costsMs;
  return `# Cache server beside a peer and nginx

\`npx nx run bench:cache\`, ${date}, ${machine}, all servers warm and on the same disk in one run. Each
figure is the median of ${rounds} rounds (100 MB: of one); a ratio is the median of each round's. In each round
all take their turn, in an order that is drawn for it (\`--seed ${seed}\` draws the same ones). The load generator
runs on the same cores. ${machineLoad(loadBefore)}

The peer is turborepo-remote-cache ${turboCacheVersion}, the most used self-hosted cache on npm, on the same Node. As it
is, it leaves bytes to the kernel to write, so that a power cut takes what it has answered. Ours does not,
so the goals are of the same peer made to sync each file before it answers (Node's own \`flush\` of a write
stream, set by bench/flush-writes.cjs); beside it stands the peer as it is. bazel-remote, which syncs by itself, could
not be measured: the Go module proxy here does not have it. Neither looks at what it stores. nginx (WebDAV
PUT) is the limit of what the machine can do: it takes bytes as they come. Ours unpacks each archive, inspects
it, writes it anew, digests it and syncs it. The archives hold bytes that do not compress, as image layers do.

![Throughput by size and clients](cache.svg)

| | size | clients | nginx MB/s | peer MB/s | peer that syncs MB/s | ours MB/s | of the one that syncs | goal | of the peer as it is | of nginx | CPU ms a request: nginx | peer | peer that syncs | ours | our peak MB |
|---|---|--:|--:|--:|--:|--:|--:|---|--:|--:|--:|--:|--:|--:|--:|
${rows.map(line).join('\n')}

- Memory at most: ${(peak / 1e6).toFixed(0)} MB (goal: under 200, ${verdict(peak < peakGoalBytes)}).
- p99 of a miss at 16 clients: ${missP99Ms.toFixed(1)} ms (goal: under 10, ${verdict(missP99Ms < missGoalMs)}).
${manyLine(result.many)}

## What an upload costs that the others do not pay

Each measured by itself in the same run, on the same disk:

| | ms |
|---|--:|
| SHA-256 of 1 MB (CPU) | ${digest.toFixed(2)} |
| inflating 1 MB to look at its entries (CPU) | ${inflate.toFixed(2)} |
| 10 KB that are written, until they lie on the disk under their name (waiting) | ${settle10Kb.toFixed(2)} |
| 1 MB that is written, until it lies there (waiting) | ${settle1Mb.toFixed(2)} |

One client waits at each upload for the disk and for each step that another thread takes. Many clients
share the cores, so there the CPU time of a request decides.
`;
}

function line({
  method,
  size,
  clients,
  nginx,
  peer,
  syncing,
  ours,
  ofNginx,
  ofPeer,
  ofSyncing,
  peakBytes,
}: Row): string {
  const cells = [
    method,
    size,
    clients,
    nginx.megabytesPerSecond.toFixed(0),
    peer?.megabytesPerSecond.toFixed(0) ?? '',
    syncing?.megabytesPerSecond.toFixed(0) ?? '',
    ours.megabytesPerSecond.toFixed(0),
    ofSyncing?.toFixed(2) ?? '',
    ofSyncing === null ? '' : `${goals[method]} ${verdict(ofSyncing >= goals[method])}`,
    ofPeer?.toFixed(2) ?? '',
    ofNginx.toFixed(2),
    nginx.cpuMs.toFixed(2),
    peer?.cpuMs.toFixed(2) ?? '',
    syncing?.cpuMs.toFixed(2) ?? '',
    ours.cpuMs.toFixed(2),
    (peakBytes / 1e6).toFixed(0),
  ];
  return `| ${cells.join(' | ')} |`;
}

function manyLine(many: ManyEntries | null): string {
  if (!many) return '';
  const { readyMs, pageMs } = many;
  const met = (what: keyof ManyEntries) =>
    `goal: under ${manyGoals[what]}, ${verdict(many[what] < manyGoals[what])}`;
  return `- With 100,000 entries: ready ${readyMs.toFixed(0)} ms after its start (${met('readyMs')}), a page in ${pageMs.toFixed(0)} ms (${met('pageMs')}).
`;
}

function verdict(isMet: boolean): string {
  return isMet ? 'met' : '**missed**';
}

function machineLoad(loadBefore: number): string {
  const load = loadBefore.toFixed(1);
  return loadBefore < 1
    ? `Nothing else ran (load average ${load}).`
    : `**Other work ran on the machine at the same time** (load average ${load} before the run), so the
absolute figures are low and single rows may be off; ratios and CPU times say more.`;
}
