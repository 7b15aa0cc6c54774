import type { LedgerEntry } from './ledger-entry';

/** What may be kept; of all, or of one scope. */
export interface KeepRules {
  maxBytes: number;
  maxEntries: number;
  maxIdleDays: number;
}

/** How one scope's entries stand to others'. */
export interface ScopeKeep extends KeepRules {
  /** Entries of scopes that are not go first. */
  isTrusted: boolean;
}

interface EvictionRules extends KeepRules {
  /** Null for a scope that is configured no more: nobody reads it. */
  ofScope(scope: string): ScopeKeep | null;
  /** Bytes of the same budget that are no entries: what lies in quarantine. */
  otherBytes: number;
}

/** Once over a budget, this much of it is left filled, so that not every upload evicts. */
const lowWater = 0.95;
const dayMs = 24 * 3600 * 1000;

interface Totals {
  bytes: number;
  entries: number;
}

/**
 * The entries to remove: those that nobody has used for too long; then what a scope has over its own
 * quota, of its own; then what is over the whole budget: of untrusted scopes while they have any, and
 * only then of trusted ones. So nothing that a pull request stores ever costs main an entry. One that
 * `isBusy` is never among them.
 */
export function chooseEvictions(
  entries: Iterable<LedgerEntry>,
  rules: EvictionRules,
  nowMs: number,
  isBusy: (entry: LedgerEntry) => boolean,
): LedgerEntry[] {
  const chosen = new Set<LedgerEntry>();
  const byScope = new Map<string, LedgerEntry[]>();
  for (const entry of entries) {
    const of = byScope.get(entry.key.scope);
    if (of) of.push(entry);
    else byScope.set(entry.key.scope, [entry]);
  }
  const left: Record<'trusted' | 'untrusted', LedgerEntry[]> = { trusted: [], untrusted: [] };
  for (const [scope, own] of byScope) {
    const keep = rules.ofScope(scope);
    const maxIdleDays = Math.min(rules.maxIdleDays, keep?.maxIdleDays ?? Infinity);
    const stay = own.filter((entry) => {
      const isIdle = keep === null || entry.lastUsedMs < nowMs - maxIdleDays * dayMs;
      if (isIdle && !isBusy(entry)) chosen.add(entry);
      return !isIdle || isBusy(entry);
    });
    if (keep) trim(stay, totalsOf(stay), keep, isBusy, chosen);
    left[keep?.isTrusted ? 'trusted' : 'untrusted'].push(...stay);
  }
  const remaining = [...left.untrusted, ...left.trusted].filter((entry) => !chosen.has(entry));
  const totals = totalsOf(remaining);
  totals.bytes += rules.otherBytes;
  const room = trim(left.untrusted, totals, rules, isBusy, chosen);
  trim(left.trusted, room, rules, isBusy, chosen);
  return [...chosen];
}

/** Chooses the least recently used until the rest fits. @returns what is left of the totals */
function trim(
  entries: LedgerEntry[],
  { bytes, entries: count }: Totals,
  { maxBytes, maxEntries }: KeepRules,
  isBusy: (entry: LedgerEntry) => boolean,
  chosen: Set<LedgerEntry>,
): Totals {
  if (bytes <= maxBytes && count <= maxEntries) return { bytes, entries: count };
  const goal = { bytes: bytes > maxBytes ? maxBytes * lowWater : maxBytes, entries: count > maxEntries ? maxEntries * lowWater : maxEntries }; // prettier-ignore
  for (const entry of [...entries].sort((a, b) => a.lastUsedMs - b.lastUsedMs)) {
    if (bytes <= goal.bytes && count <= goal.entries) break;
    if (chosen.has(entry) || isBusy(entry)) continue;
    chosen.add(entry);
    bytes -= entry.sizeBytes;
    count -= 1;
  }
  // Over the budget still: for the next ones it is as it was.
  return { bytes, entries: count };
}

function totalsOf(entries: readonly LedgerEntry[]): Totals {
  return { bytes: entries.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0), entries: entries.length }; // prettier-ignore
}
