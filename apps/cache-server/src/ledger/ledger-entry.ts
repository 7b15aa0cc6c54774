import type { EntryKey } from '../entry-key';

/** What is known of a stored entry: what it is, and how it was used. */
export interface LedgerEntry {
  key: EntryKey;
  sizeBytes: number;
  createdAtMs: number;
  writer: string;
  outputs: string[];
  lastUsedMs: number;
  hits: number;
  /** From an edge's report of the run that wrote it; null where there was none. */
  task: TaskLabel | null;
}

export interface TaskLabel {
  project: string;
  target: string;
  durationMs: number;
}
