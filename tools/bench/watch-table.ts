import { type Goal, median } from './loop-table';

/** What was waited for after a save, by both, a value a round. */
export interface WatchRow {
  what: string;
  to: string;
  /** Of our time to theirs. */
  most: number;
  oursMs: number[];
  theirsMs: number[];
}

export interface WatchReport {
  machine: string;
  rounds: number;
  rows: WatchRow[];
  goals: Goal[];
}

/** The ratio of medians of each row. */
export const watchGoals = (rows: readonly WatchRow[]): Goal[] =>
  rows.map(({ what, to, most, oursMs, theirsMs }) => ({
    name: `${what}, to ${to}`,
    most,
    is: median(oursMs) / median(theirsMs),
  }));

export function watchPage({ machine, rounds, rows, goals }: WatchReport): string {
  const lines = rows.map((row, at) => {
    const { is, most } = goals[at]!;
    const spreads = [row.oursMs, row.theirsMs].map(spread);
    const verdict = is <= most ? 'met' : '**missed**';
    return `| ${[row.what, row.to, is.toFixed(2), ...spreads, `${most}, ${verdict}`].join(' | ')} |`;
  });
  return `# Watching, beside buildx and Compose

Made by \`npx nx run bench:watch\` on ${machine}. \`docker-watch\` of the packed plugin, an image of two stages for which nothing is run, and a service that reads what it serves anew each time. A file is saved; what is measured ends when the new image is in the engine, or when the service answers with what was saved. Ratios of the medians of ${rounds} rounds; the two take turns, in one run. The spreads are how far the rounds of each lie from their median; the goal is the most that the ratio may be. The single values are in watch.json.

| from a saved file to | beside | wall | spread, ours | spread, theirs | goal |
| --- | --- | --: | --: | --: | --: |
${lines.join('\n')}
`;
}

function spread(valuesMs: readonly number[]): string {
  const middle = median(valuesMs);
  return [Math.min(...valuesMs), Math.max(...valuesMs)]
    .map((each) => (each / middle).toFixed(2))
    .join(' to ');
}
