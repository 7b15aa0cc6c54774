/** A value a round. */
export interface Times {
  wallMs: number[];
  cpuMs: number[];
}

/** What one way took in one scenario. */
export interface LoopRow extends Times {
  through: string;
  scenario: string;
  way: string;
}

/** A ratio of wall times that should be at most `most`. */
export interface Goal {
  name: string;
  most: number;
  is: number;
}

export interface LoopReport {
  machine: string;
  rounds: number;
  rows: LoopRow[];
  goals: Goal[];
}

/** The value in the middle; of an even number the lower one. */
export function median(values: readonly number[]): number {
  return [...values].sort((one, other) => one - other)[Math.floor((values.length - 1) / 2)]!;
}

/** Wall and CPU time as ratios of medians to another way's, and how far the rounds lie from their median. */
export function comparedCells(row: Times, to: Times): string[] {
  const ratio = (key: keyof Times) => (median(row[key]) / median(to[key])).toFixed(2);
  const middle = median(row.wallMs);
  const [least, most] = [Math.min(...row.wallMs), Math.max(...row.wallMs)].map((wallMs) =>
    (wallMs / middle).toFixed(2),
  );
  return [ratio('wallMs'), ratio('cpuMs'), `${least} to ${most}`];
}

/** Goals that were met in one report and are missed in a later one: a sentence each. */
export function lostGoals(
  before: Pick<LoopReport, 'goals'>,
  now: Pick<LoopReport, 'goals'>,
): string[] {
  return before.goals.flatMap(({ name, is, most }) => {
    const later = now.goals.find((goal) => goal.name === name);
    if (is > most || (later && later.is <= later.most)) return [];
    return later
      ? `${name}: ${later.is.toFixed(2)}, at most ${later.most}; it was ${is.toFixed(2)}`
      : `${name}: not measured; it was ${is.toFixed(2)}`;
  });
}

/** Ratios to nx:noop of the same scenario, and how far the rounds lie apart. */
export function loopPage({ machine, rounds, rows, goals }: LoopReport): string {
  const noop = (row: LoopRow) =>
    rows.find(
      ({ through, scenario, way }) =>
        through === row.through && scenario === row.scenario && way === 'nx:noop',
    )!;
  const lines = rows.map((row) => {
    const cells = [row.through, row.scenario, row.way, ...comparedCells(row, noop(row))];
    return `| ${cells.join(' | ')} |`;
  });
  const met = goals.map(
    ({ name, most, is }) =>
      `- ${name}, at most ${most}: ${is.toFixed(2)} (${is <= most ? 'met' : '**missed**'})`,
  );
  const alone = rows
    .filter(({ way }) => way.startsWith('docker buildx'))
    .map((row) => median(noop(row).wallMs) / median(row.wallMs));
  const start =
    alone.length === 0
      ? ''
      : `An \`nx:noop\` alone, which does nothing, takes ${Math.min(...alone).toFixed(1)} to ${Math.max(...alone).toFixed(1)} times a \`docker buildx build --load\` of this image: that is Nx's own start.\n\n`;
  return `# The daily loop beside Nx itself

Made by \`npx nx run bench:loop\` on ${machine}. A workspace with the packed plugin, Nx's daemon off, an image of two stages for which nothing is run (32 MiB below, 100 source files above). Wall and CPU time are medians of ${rounds} rounds as ratios to \`nx:noop\` in the same scenario; the ways take turns, in one run. CPU time includes the engine's, with whatever else that does meanwhile. The last column is how far the rounds lie from their median: on a machine that does other work they lie far apart. The single values are in loop.json. Where the time goes is in [architecture](../architecture.md#starting-fast).

${start}| through | scenario | way | wall | CPU | spread |
| --- | --- | --- | --: | --: | --: |
${lines.join('\n')}

## Goals

${met.join('\n')}
`;
}
