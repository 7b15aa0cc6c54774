export interface Row {
  method: 'PUT' | 'GET';
  size: string;
  clients: number;
  /** Megabytes a second, the median of the rounds. */
  nginx: number;
  ours: number;
  ratio: number;
  /** The most memory that our process held. */
  peakBytes: number;
}

export interface BenchResult {
  date: string;
  machine: string;
  rows: Row[];
  missP99Ms: number;
}

export const goals = { '10 KB': 0.3, '1 MB': 0.6, '100 MB': 0.6 } as Record<string, number>;
const peakGoalBytes = 200e6;
const missGoalMs = 10;

/** The result as a page of Markdown. */
export function report({ date, machine, rows, missP99Ms }: BenchResult): string {
  const table = rows.map(({ method, size, clients, nginx, ours, ratio, peakBytes }) => {
    const goal = goals[size]!;
    const cells = [
      method,
      size,
      clients,
      nginx.toFixed(0),
      ours.toFixed(0),
      ratio.toFixed(2),
      `${goal} ${ratio >= goal ? 'met' : '**missed**'}`,
      (peakBytes / 1e6).toFixed(0),
    ];
    return `| ${cells.join(' | ')} |`;
  });
  const large = rows.filter(({ size, clients }) => size === '100 MB' && clients === 64);
  const peak = Math.max(...large.map(({ peakBytes }) => peakBytes));
  return `# Cache server against nginx

\`npx nx run bench:cache\`, ${date}, ${machine}, both servers on the same disk
in one run (the median of three rounds, of one for 100 MB). nginx takes bytes as they come (WebDAV PUT); ours inspects each archive, digests it,
syncs it to the disk, and checks it before it is read. The archives hold bytes that do not compress,
as image layers do.

![MB/s by size and clients](cache.svg)

| | size | clients | nginx MB/s | ours MB/s | ratio | goal | our peak MB |
|---|---|--:|--:|--:|--:|---|--:|
${table.join('\n')}

- Memory while 64 clients each move 100 MB: ${(peak / 1e6).toFixed(0)} MB at most (goal: under 200, ${peak < peakGoalBytes ? 'met' : '**missed**'}).
- p99 of a miss at 16 clients: ${missP99Ms.toFixed(1)} ms (goal: under 10, ${missP99Ms < missGoalMs ? 'met' : '**missed**'}).
`;
}
