import { dayOf, sum, type Counts, type DayTotal } from '../ledger/day-totals';
import type { Ledger, LedgerEntry } from '../ledger/ledger';

const shownDays = 30;
const shownEntries = 100;
const dayMs = 24 * 3600 * 1000;

/** What the page shows, as plain values. */
export interface Overview {
  totals: Counts;
  storedBytes: number;
  entryCount: number;
  /** One for each of the last 30 days, oldest first, also where nothing happened. */
  days: { day: string; counts: Counts }[];
  projects: Rubric[];
  targets: Rubric[];
  scopes: ScopeLine[];
  entries: LedgerEntry[];
  /** How many match the search in all. */
  matching: number;
}

export interface Rubric {
  name: string;
  counts: Counts;
}

export interface ScopeLine {
  scope: string;
  entries: number;
  bytes: number;
  writers: string[];
}

/** What a reader of `scopes` may see; entries of other scopes do not count and are not found. */
export function overviewOf(
  ledger: Ledger,
  scopes: readonly string[],
  search: string,
  nowMs: number,
): Overview {
  const from = dayOf(nowMs - (shownDays - 1) * dayMs);
  const totals = [...ledger.days.all()].filter(
    ({ day, scope }) => day >= from && scopes.includes(scope),
  );
  const entries = [...ledger.entries()].filter(({ key }) => scopes.includes(key.scope));
  const found = entries
    .filter((entry) => matches(entry, search))
    .sort((a, b) => b.lastUsedMs - a.lastUsedMs);
  const days = Array.from({ length: shownDays }, (_, at) => {
    const day = dayOf(nowMs - (shownDays - 1 - at) * dayMs);
    return { day, counts: sum(totals.filter((total) => total.day === day)) };
  });
  return {
    totals: sum(totals),
    storedBytes: entries.reduce((bytes, { sizeBytes }) => bytes + sizeBytes, 0),
    entryCount: entries.length,
    days,
    projects: rubrics(totals, ({ project }) => project),
    targets: rubrics(totals, ({ target }) => target),
    scopes: scopes.map((scope) => scopeLine(scope, entries)),
    entries: found.slice(0, shownEntries),
    matching: found.length,
  };
}

function matches({ key, writer, outputs, task }: LedgerEntry, search: string): boolean {
  const wanted = search.trim().toLowerCase();
  const texts = [key.hash, key.scope, writer, task?.project ?? '', task?.target ?? '', ...outputs];
  return wanted === '' || texts.some((text) => text.toLowerCase().includes(wanted));
}

function rubrics(totals: DayTotal[], nameOf: (total: DayTotal) => string | null): Rubric[] {
  const byName = new Map<string, DayTotal[]>();
  for (const total of totals) {
    const name = nameOf(total);
    if (name !== null) byName.set(name, [...(byName.get(name) ?? []), total]);
  }
  return [...byName]
    .map(([name, each]) => ({ name, counts: sum(each) }))
    .sort((a, b) => b.counts.savedMs - a.counts.savedMs || b.counts.hits - a.counts.hits)
    .slice(0, 10);
}

function scopeLine(scope: string, all: LedgerEntry[]): ScopeLine {
  const own = all.filter(({ key }) => key.scope === scope);
  return {
    scope,
    entries: own.length,
    bytes: own.reduce((bytes, { sizeBytes }) => bytes + sizeBytes, 0),
    writers: [...new Set(own.map(({ writer }) => writer))].sort(),
  };
}
