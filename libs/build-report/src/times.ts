import type { RunRecord } from './run';

/** What earlier runs tell of a task: what it took when it was last built, and how much it made. */
export interface KnownTime {
  ms?: number;
  bytes?: number;
}

/** By the task's id. */
export type KnownTimes = Readonly<Record<string, KnownTime>>;

/** Of a task of which nothing is known, where nothing is known of any. */
const UNKNOWN_MS = 10_000;

/** No task takes more than a day. */
const MOST_MS = 86_400_000;

/** What is known with one run more; only what was built says how long that takes. */
export function addTimes(known: KnownTimes, { tasks }: Pick<RunRecord, 'tasks'>): KnownTimes {
  const found = tasks.flatMap(({ id, outcome, durationMs, images }): [string, KnownTime][] => {
    if (outcome === 'failed' || outcome === 'skipped') return [];
    const bytes = images?.reduce((sum, { ownSizeBytes }) => sum + ownSizeBytes, 0);
    const time: KnownTime = {
      ...known[id],
      ...(outcome === 'built' && durationMs > 0 && { ms: durationMs }),
      ...(bytes !== undefined && { bytes }),
    };
    return time.ms === undefined && time.bytes === undefined ? [] : [[id, time]];
  });
  return { ...known, ...Object.fromEntries(found) };
}

/**
 * What each task is thought to take: as the last time; else by the bytes that it makes, as others of
 * its kind made theirs; else as others of its kind, or as any.
 *
 * @returns milliseconds, by id
 */
export function estimatedMs(
  known: KnownTimes,
  tasks: readonly { id: string; target: string }[],
): Map<string, number> {
  const timesOf = (ids: readonly string[]) => ids.flatMap((id) => known[id]?.ms ?? []);
  const byTarget = new Map<string, string[]>();
  for (const id of Object.keys(known)) {
    const target = id.split(':')[1] ?? '';
    byTarget.set(target, [...(byTarget.get(target) ?? []), id]);
  }
  const ofAll = median(timesOf(Object.keys(known))) ?? UNKNOWN_MS;
  return new Map(
    tasks.map(({ id, target }) => {
      const { ms, bytes } = known[id] ?? {};
      if (ms !== undefined) return [id, ms];
      const alike = byTarget.get(target) ?? [];
      const rate = bytes === undefined ? undefined : median(ratesOf(known, alike));
      return [id, rate === undefined ? (median(timesOf(alike)) ?? ofAll) : rate * bytes!];
    }),
  );
}

/** Milliseconds a byte. */
function ratesOf(known: KnownTimes, ids: readonly string[]): number[] {
  return ids.flatMap((id) => {
    const { ms, bytes } = known[id] ?? {};
    return ms !== undefined && bytes ? ms / bytes : [];
  });
}

function median(values: readonly number[]): number | undefined {
  return [...values].sort((one, other) => one - other)[values.length >> 1];
}

const isWithin = (value: unknown, most: number) =>
  value === undefined || (typeof value === 'number' && value >= 0 && value <= most);

/** @returns undefined for what holds no times */
export function parseTimes(text: string): KnownTimes | undefined {
  try {
    const times = JSON.parse(text) as unknown;
    const isTimes =
      typeof times === 'object' &&
      times !== null &&
      Object.values(times).every(
        (each) =>
          typeof each === 'object' &&
          each !== null &&
          isWithin(each.ms, MOST_MS) &&
          isWithin(each.bytes, Number.MAX_SAFE_INTEGER),
      );
    return isTimes ? (times as KnownTimes) : undefined;
  } catch {
    return undefined;
  }
}
