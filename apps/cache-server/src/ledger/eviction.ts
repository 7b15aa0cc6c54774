import type { LedgerEntry } from './ledger';

export interface KeepRules {
  maxBytes: number;
  maxIdleDays: number;
}

/** Once over the budget, this much of it is left filled, so that not every upload evicts. */
const lowWater = 0.95;
const dayMs = 24 * 3600 * 1000;

/**
 * The entries to remove: those that nobody has used for too long, then the least recently used until
 * the rest fits. One that `isBusy` is never among them.
 */
export function chooseEvictions(
  entries: Iterable<LedgerEntry>,
  { maxBytes, maxIdleDays }: KeepRules,
  nowMs: number,
  isBusy: (entry: LedgerEntry) => boolean,
): LedgerEntry[] {
  const oldestFirst = [...entries].sort((a, b) => a.lastUsedMs - b.lastUsedMs);
  const totalBytes = oldestFirst.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  let excessBytes = totalBytes > maxBytes ? totalBytes - maxBytes * lowWater : 0;
  return oldestFirst.filter((entry) => {
    const isIdle = entry.lastUsedMs < nowMs - maxIdleDays * dayMs;
    if ((!isIdle && excessBytes <= 0) || isBusy(entry)) return false;
    excessBytes -= entry.sizeBytes;
    return true;
  });
}
