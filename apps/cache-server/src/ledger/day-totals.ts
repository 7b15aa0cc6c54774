/** What happened on one day to one target of one project in one scope. */
export interface Counts {
  hits: number;
  misses: number;
  stored: number;
  bytesOut: number;
  bytesIn: number;
  /** The durations of the tasks that hits saved, where an edge has reported them. */
  savedMs: number;
}

export interface DayTotal extends Counts {
  /** UTC, `YYYY-MM-DD`. */
  day: string;
  /** The scope of the token that asked. */
  scope: string;
  /** Null where nobody has said of what the entry is, and for misses. */
  project: string | null;
  target: string | null;
}

export const zero: Counts = { hits: 0, misses: 0, stored: 0, bytesOut: 0, bytesIn: 0, savedMs: 0 };

/** Sums by day, scope, project and target; and what was added since it was last asked. */
export class DayTotals {
  readonly #all = new Map<string, DayTotal>();
  #fresh = new Map<string, DayTotal>();

  add(of: Omit<DayTotal, keyof Counts>, counts: Partial<Counts>): void {
    addTo(this.#all, of, counts);
    addTo(this.#fresh, of, counts);
  }

  /** Adds what a journal line says, which is not fresh. */
  restore(total: DayTotal): void {
    addTo(this.#all, total, total);
  }

  takeFresh(): DayTotal[] {
    const fresh = [...this.#fresh.values()];
    this.#fresh = new Map();
    return fresh;
  }

  all(): Iterable<DayTotal> {
    return this.#all.values();
  }

  forgetBefore(day: string): void {
    for (const [key, total] of this.#all) if (total.day < day) this.#all.delete(key);
  }
}

let today = { number: 0, text: '' };

export function dayOf(atMs: number): string {
  const number = Math.floor(atMs / (24 * 3600 * 1000));
  // Asked at every request; a date is formatted once a day.
  if (number !== today.number) today = { number, text: new Date(atMs).toISOString().slice(0, 10) };
  return today.text;
}

/** The sum of any number of counts. */
export function sum(counts: Iterable<Counts>): Counts {
  const total = { ...zero };
  for (const each of counts) {
    for (const name of Object.keys(zero) as (keyof Counts)[]) total[name] += each[name];
  }
  return total;
}

function addTo(
  map: Map<string, DayTotal>,
  { day, scope, project, target }: Omit<DayTotal, keyof Counts>,
  counts: Partial<Counts>,
): void {
  const key = `${day}\n${scope}\n${project ?? ''}\n${target ?? ''}`;
  const total = map.get(key) ?? { day, scope, project, target, ...zero };
  for (const name of Object.keys(zero) as (keyof Counts)[]) total[name] += counts[name] ?? 0;
  map.set(key, total);
}
