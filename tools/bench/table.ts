import type { Measured } from './measure';

export interface Row {
  workload: string;
  scenario: string;
  way: string;
  rounds: Measured[];
  /** Medians, each over that of plain `docker buildx build --load` in the same run. */
  ratio: { wall: number; cpu: number };
  /** The day on which its scenario was measured. */
  on: string;
  /** Sent to the engine, or to the remote cache; only ours says. */
  bytes?: { engine?: number; remoteCache?: number };
}

export interface Goal {
  text: string;
  met: boolean;
  measured: string;
}

/** What was seen of machines that begin with nothing, besides times. */
export interface FreshFacts {
  /** Of the same image, made from nothing on two engines. */
  digests: [string, string];
  /** What a changed source line adds to the remote cache. */
  lineBytes: number;
  /** What a package more adds to it. */
  packageBytes: number;
}

export interface Report {
  machine: string;
  rows: Row[];
  fresh?: FreshFacts;
  goals: Goal[];
}

/** Rows that were measured earlier, but for those of scenarios that were measured anew. */
export function withNewer(before: readonly Row[], newer: readonly Row[]): Row[] {
  const isNew = ({ workload, scenario }: Row) =>
    newer.some((row) => row.workload === workload && row.scenario === scenario);
  return [...before.filter((row) => !isNew(row)), ...newer];
}

/** The same in a circle, each round beginning with the next one. */
export function turned<T>(all: readonly T[], round: number): T[] {
  const first = all.length === 0 ? 0 : round % all.length;
  return [...all.slice(first), ...all.slice(0, first)];
}

/** @throws RangeError for no values. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('no values');
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] as number;
  return sorted.length % 2 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}

const medianOf = (rounds: readonly Measured[], what: 'wallMs' | 'cpuMs') =>
  median(rounds.map((each) => each[what]));

/** @param baseline the way that the others are compared with */
export function rowsOf(
  workload: string,
  scenario: string,
  found: ReadonlyMap<string, Measured[]>,
  baseline: string,
): Row[] {
  const plain = found.get(baseline) ?? [];
  const on = new Date().toISOString().slice(0, 10);
  return [...found].map(([way, rounds]) => ({
    workload,
    scenario,
    way,
    rounds,
    on,
    ratio: {
      wall: medianOf(rounds, 'wallMs') / medianOf(plain, 'wallMs'),
      cpu: medianOf(rounds, 'cpuMs') / medianOf(plain, 'cpuMs'),
    },
  }));
}

/** A Markdown page: ratios only, since bare times say more of the machine than of the code. */
export function page({ machine, rows, goals }: Report): string {
  return [
    '# Images: from a change to an image in the engine',
    '',
    `Made by \`npx nx run bench:images\` on ${machine}. Wall and CPU time are medians as ratios to \`docker buildx build --load\`; within a scenario the ways take turns, in one run, each on an idle machine. Ours is the packed plugin in a workspace as a user has it, but for the rows without Nx. CPU time includes the engine's and that of Nx's daemon. The single values are in images.json.`,
    '',
    '![wall time by scenario](images.svg)',
    '',
    '| workload | scenario | way | wall | CPU | peak memory | sent to the engine | stored remotely | rounds | on |',
    '| --- | --- | --- | --: | --: | --: | --: | --: | --: | --- |',
    ...rows.map(line),
    '',
    ...(goals.length > 0 ? ['## Goals', '', ...goals.map(goalLine), ''] : []),
  ].join('\n');
}

function line({ workload, scenario, way, rounds, ratio, bytes, on }: Row): string {
  const peaks = rounds.flatMap(({ peakBytes }) => peakBytes ?? []);
  const cells = [
    ...[workload, scenario, way, ratio.wall.toFixed(2), ratio.cpu.toFixed(2)],
    peaks.length > 0 ? size(Math.max(...peaks)) : '',
    bytes?.engine === undefined ? '' : size(bytes.engine),
    bytes?.remoteCache === undefined ? '' : size(bytes.remoteCache),
    String(rounds.length),
    on,
  ];
  return `| ${cells.join(' | ')} |`;
}

const goalLine = ({ text, met, measured }: Goal) =>
  `- ${text}: ${measured} (${met ? 'met' : '**missed**'})`;

function size(bytes: number): string {
  if (bytes < 1024 * 1024) return `${(bytes / 1024).toFixed(0)} KiB`;
  return `${(bytes / 1024 / 1024).toFixed(0)} MiB`;
}
