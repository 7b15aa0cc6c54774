import type { Costs } from './costs';

export interface Row {
  method: 'PUT' | 'GET';
  size: string;
  clients: number;
  /** Megabytes a second, the median of the rounds. */
  nginx: number;
  ours: number;
  /** The median of what each round gave. */
  ratio: number;
  /** CPU time of the server for one request. */
  nginxCpuMs: number;
  oursCpuMs: number;
  /** The most memory that our process held. */
  peakBytes: number;
}

export interface BenchResult {
  date: string;
  machine: string;
  cores: number;
  /** Processes that wanted a core in the minute before the run. */
  loadBefore: number;
  rows: Row[];
  costsMs: Costs;
  missP99Ms: number;
}

export const goals = { '10 KB': 0.3, '1 MB': 0.6, '100 MB': 0.6 } as Record<string, number>;
const peakGoalBytes = 200e6;
const missGoalMs = 10;

/** The result as a page of Markdown. */
export function report({
  date,
  machine,
  cores,
  loadBefore,
  rows,
  costsMs,
  missP99Ms,
}: BenchResult): string {
  const table = rows.map((row) => {
    const goal = goals[row.size]!;
    const cells = [
      row.method,
      row.size,
      row.clients,
      row.nginx.toFixed(0),
      row.ours.toFixed(0),
      row.ratio.toFixed(2),
      `${goal} ${row.ratio >= goal ? 'met' : '**missed**'}`,
      row.nginxCpuMs.toFixed(2),
      row.oursCpuMs.toFixed(2),
      (row.peakBytes / 1e6).toFixed(0),
    ];
    return `| ${cells.join(' | ')} |`;
  });
  const large = rows.filter(({ size, clients }) => size === '100 MB' && clients === 64);
  const peak = Math.max(...large.map(({ peakBytes }) => peakBytes));
  const { digest, inflate, sync10Kb, sync1Mb } = costsMs;
  return `# Cache server against nginx

\`npx nx run bench:cache\`, ${date}, ${machine}, both servers warm and on the same disk in one run. Each
figure is the median of five rounds (100 MB: of one) in which both take turns; the ratio is that of
each round. The load generator runs on the same cores. ${machineLoad(loadBefore)}

nginx takes bytes as they come (WebDAV PUT) and leaves them to the kernel to write. Ours inspects each
archive, digests it, and syncs it to the disk before it answers. The archives hold bytes that do not
compress, as image layers do.

![MB/s by size and clients](cache.svg)

| | size | clients | nginx MB/s | ours MB/s | ratio | goal | nginx CPU ms a request | our CPU ms a request | our peak MB |
|---|---|--:|--:|--:|--:|---|--:|--:|--:|
${table.join('\n')}

- Memory while 64 clients each move 100 MB: ${(peak / 1e6).toFixed(0)} MB at most (goal: under 200, ${peak < peakGoalBytes ? 'met' : '**missed**'}).
- p99 of a miss at 16 clients: ${missP99Ms.toFixed(1)} ms (goal: under 10, ${missP99Ms < missGoalMs ? 'met' : '**missed**'}).

## What an upload costs that nginx does not pay

Each measured by itself in the same run, on the same disk:

| | ms |
|---|--:|
| SHA-256 of 1 MB (CPU) | ${digest.toFixed(2)} |
| inflating 1 MB to look at its entries (CPU) | ${inflate.toFixed(2)} |
| fdatasync after writing 10 KB (waiting) | ${sync10Kb.toFixed(2)} |
| fdatasync after writing 1 MB (waiting) | ${sync1Mb.toFixed(2)} |

${leastCost(rows, costsMs, cores)}One client waits at each upload for the disk and for each step that another thread takes. Many clients
share the cores, so there the CPU time of a request decides.

Where that time goes was seen with \`perf\` on 2026-11-24, while 16 clients sent 100 MB each: 22 %
copying into the page cache, 15 % SHA-256, about 15 % waking threads, 8 % copying from one buffer to
another, 8 % inflating; the rest is JavaScript and the network. nginx pays for the page cache and the
network alone.
`;
}

/** What the goal leaves for an upload of 1 MB, beside what its parts take at the very least. */
function leastCost(rows: Row[], { digest, inflate }: Costs, cores: number): string {
  const row = rows.find(
    ({ method, size, clients }) => method === 'PUT' && size === '1 MB' && clients === 64,
  );
  if (!row) return '';
  const goal = goals[row.size]!;
  const allowed = (1000 * cores) / (goal * row.nginx);
  const least = row.nginxCpuMs + digest + inflate;
  return `With 64 clients, ${goal} of nginx's throughput is ${allowed.toFixed(1)} ms of these cores for each 1 MB, of which the load generator
takes its part. What nginx takes, the digest and the inflating come to ${least.toFixed(1)} ms before any of our code
has run and before the disk has answered.

`;
}

function machineLoad(loadBefore: number): string {
  const load = loadBefore.toFixed(1);
  return loadBefore < 1
    ? `Nothing else ran (load average ${load}).`
    : `**Other work ran on the machine at the same time** (load average ${load} before the run), so the
absolute figures are low and single rows may be off; ratios and CPU times say more.`;
}
