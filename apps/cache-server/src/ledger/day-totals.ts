/** What happened on one day to one target of one project in one scope. */
export interface Counts {
  hits: number;
  misses: number;
  /** Tasks that ran as nothing was there for them, as edges have reported; unlike misses, by name. */
  ran: number;
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

export const zero: Counts = {
  hits: 0,
  misses: 0,
  ran: 0,
  stored: 0,
  bytesOut: 0,
  bytesIn: 0,
  savedMs: 0,
};

const maxNamedADay = 1_000;

/** Sums by day, scope, project and target; and what was added since it was last asked. */
export class DayTotals {
  readonly #all = new Map<string, DayTotal>();
  #fresh = new Map<string, DayTotal>();
  /** How many names a scope has on a day. */
  readonly #named = new Map<string, number>();

  add(given: Omit<DayTotal, keyof Counts>, counts: Partial<Counts>): void {
    const of = this.#isRoomFor(given) ? given : { ...given, project: null, target: null };
    addTo(this.#all, of, counts);
    addTo(this.#fresh, of, counts);
  }

  /** Names come from whoever may write: beyond a number of them in a day, none is told apart. */
  #isRoomFor(of: Omit<DayTotal, keyof Counts>): boolean {
    if (of.project === null && of.target === null) return true;
    if (this.#all.has(keyOf(of))) return true;
    const ofDay = `${of.day}\n${of.scope}`;
    const count = this.#named.get(ofDay) ?? 0;
    if (count >= maxNamedADay) return false;
    this.#named.set(ofDay, count + 1);
    return true;
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
    for (const key of this.#named.keys()) if (key < day) this.#named.delete(key);
  }
}

function keyOf({ day, scope, project, target }: Omit<DayTotal, keyof Counts>): string {
  return `${day}\n${scope}\n${project ?? ''}\n${target ?? ''}`;
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
  const key = keyOf({ day, scope, project, target });
  const total = map.get(key) ?? { day, scope, project, target, ...zero };
  for (const name of Object.keys(zero) as (keyof Counts)[]) total[name] += counts[name] ?? 0;
  map.set(key, total);
}
