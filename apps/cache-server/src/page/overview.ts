import { dayOf, sum, type Counts, type DayTotal } from '../ledger/day-totals';
import type { Ledger } from '../ledger/ledger';
import type { LedgerEntry } from '../ledger/ledger-entry';
import { matcherOf, orderOf, type EntryQuery } from './entry-query';
import { selectSlice } from './select-slice';

const shownDays = 30;
/** Entries a page. */
export const pageEntries = 50;
const maxChoices = 200;
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
  /** One page of what was asked for. */
  entries: LedgerEntry[];
  /** How many match in all. */
  matching: number;
  /** What can be chosen from: names of what these scopes hold. */
  choices: { scopes: readonly string[]; projects: string[]; targets: string[] };
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
  query: EntryQuery,
  nowMs: number,
): Overview {
  const from = dayOf(nowMs - (shownDays - 1) * dayMs);
  const totals = [...ledger.days.all()].filter(
    ({ day, scope }) => day >= from && scopes.includes(scope),
  );
  const lines = new Map(scopes.map((scope) => [scope, new ScopeSums()]));
  const [projects, targets] = [new Set<string>(), new Set<string>()];
  const matches = matcherOf(query);
  const found: LedgerEntry[] = [];
  // Once over all: 100,000 of them are looked at for each page.
  for (const entry of ledger.entries()) {
    const line = lines.get(entry.key.scope);
    if (!line) continue;
    line.add(entry);
    if (entry.task && projects.size < maxChoices) projects.add(entry.task.project);
    if (entry.task && targets.size < maxChoices) targets.add(entry.task.target);
    if (matches(entry)) found.push(entry);
  }
  const matching = found.length;
  const start = (query.page - 1) * pageEntries;
  const byDay = new Map<string, DayTotal[]>();
  for (const total of totals) {
    const of = byDay.get(total.day);
    if (of) of.push(total);
    else byDay.set(total.day, [total]);
  }
  const days = Array.from({ length: shownDays }, (_, at) => {
    const day = dayOf(nowMs - (shownDays - 1 - at) * dayMs);
    return { day, counts: sum(byDay.get(day) ?? []) };
  });
  return {
    totals: sum(totals),
    storedBytes: total(lines.values(), ({ bytes }) => bytes),
    entryCount: total(lines.values(), ({ entries }) => entries),
    days,
    projects: rubrics(totals, ({ project }) => project),
    targets: rubrics(totals, ({ target }) => target),
    scopes: [...lines].map(([scope, { entries, bytes, writers }]) => {
      return { scope, entries, bytes, writers: [...writers].sort() };
    }),
    entries: selectSlice(found, start, start + pageEntries, orderOf(query)),
    matching,
    choices: {
      scopes,
      projects: [...projects].sort(),
      targets: [...targets].sort(),
    },
  };
}

/** What the entries of one scope come to. */
class ScopeSums {
  entries = 0;
  bytes = 0;
  readonly writers = new Set<string>();

  add({ sizeBytes, writer }: LedgerEntry): void {
    this.entries += 1;
    this.bytes += sizeBytes;
    this.writers.add(writer);
  }
}

function total(lines: Iterable<ScopeSums>, of: (line: ScopeSums) => number): number {
  return [...lines].reduce((all, line) => all + of(line), 0);
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
