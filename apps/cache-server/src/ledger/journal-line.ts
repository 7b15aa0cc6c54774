import { isHash, isScopeName, type EntryKey } from '../entry-key';
import { cutRecord } from '../entry/entry-record';
import { zero, type Counts, type DayTotal } from './day-totals';
import type { LedgerEntry, TaskLabel } from './ledger-entry';

export type Line =
  | { kind: 'entry'; entry: LedgerEntry }
  | { kind: 'used'; key: EntryKey; lastUsedMs: number; hits: number }
  | { kind: 'task'; key: EntryKey; task: TaskLabel }
  | { kind: 'removed'; key: EntryKey }
  | { kind: 'day'; total: DayTotal };

/**
 * What a line of the journal says, or null: a disk that has changed one, or somebody who has it, says
 * nothing by it. By hand and not by a schema, since a start reads some hundred thousand.
 */
export function readLine(value: unknown): Line | null {
  if (!isObject(value)) return null;
  const { kind, key, entry, total, task } = value;
  if (kind === 'entry') {
    const read = readEntry(entry);
    return read && { kind, entry: read };
  }
  if (kind === 'day') return isTotal(total) ? { kind, total } : null;
  if (!isKey(key)) return null;
  if (kind === 'removed') return { kind, key };
  if (kind === 'task') return isTask(task) ? { kind, key, task } : null;
  const { lastUsedMs, hits } = value;
  if (kind !== 'used' || !isCount(lastUsedMs) || !isCount(hits)) return null;
  return { kind, key, lastUsedMs: notToCome(lastUsedMs), hits };
}

/** With names as short as they are written today. */
function readEntry(value: unknown): LedgerEntry | null {
  if (!isObject(value)) return null;
  const { key, sizeBytes, createdAtMs, lastUsedMs, hits, writer, outputs, task } = value;
  if (!isKey(key) || ![sizeBytes, createdAtMs, lastUsedMs, hits].every(isCount)) return null;
  if (typeof writer !== 'string' || !Array.isArray(outputs)) return null;
  if (!outputs.every((output) => typeof output === 'string')) return null;
  if (task !== null && !isTask(task)) return null;
  const entry = value as unknown as LedgerEntry;
  const names = cutRecord({ ...entry, sha256: '' });
  return {
    ...entry,
    writer: names.writer,
    outputs: names.outputs,
    createdAtMs: notToCome(entry.createdAtMs),
    lastUsedMs: notToCome(entry.lastUsedMs),
  };
}

function isKey(value: unknown): value is EntryKey {
  if (!isObject(value)) return false;
  const { scope, hash } = value;
  return typeof scope === 'string' && isScopeName(scope) && typeof hash === 'string' && isHash(hash); // prettier-ignore
}

function isTask(value: unknown): value is TaskLabel {
  if (!isObject(value)) return false;
  const { project, target, durationMs } = value;
  return typeof project === 'string' && typeof target === 'string' && isCount(durationMs);
}

function isTotal(value: unknown): value is DayTotal {
  if (!isObject(value)) return false;
  const { day, scope, project, target } = value;
  if (typeof day !== 'string' || typeof scope !== 'string') return false;
  if (![project, target].every((name) => name === null || typeof name === 'string')) return false;
  // One that was added since is not in an older line.
  return (Object.keys(zero) as (keyof Counts)[]).every((name) => isCount(value[name] ?? 0));
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** What was used in a time to come would look as if it were used just now, and never go. */
function notToCome(atMs: number): number {
  return Math.min(atMs, Date.now());
}
