import type { KeyRing } from '../encryption/key-ring';
import { LineSeal } from '../encryption/line-seal';
import { keyText, type EntryKey } from '../entry-key';
import { cutRecord, type EntryRecord } from '../entry/entry-record';
import type { Store } from '../store/store';
import { dayOf, DayTotals, type DayTotal } from './day-totals';
import { Journal } from './journal';
import { readLine, type Line } from './journal-line';
import type { LedgerEntry, TaskLabel } from './ledger-entry';

const keepDays = 400;
const flushMs = 1_000;
const describeAtOnce = 32;

/** Who stored what, how often it is used, and what that saved; kept across restarts in a journal. */
export class Ledger {
  readonly days = new DayTotals();
  readonly #entries = new Map<string, LedgerEntry>();
  readonly #used = new Set<LedgerEntry>();
  readonly #journal: Journal;
  #totalBytes = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(file: string, ring: KeyRing | null = null) {
    this.#journal = new Journal(file, ring && new LineSeal(ring));
  }

  /** Reads the journal, and rewrites it when most of it is of no use any more. */
  async open(): Promise<void> {
    for await (const value of this.#journal.replay()) {
      const line = readLine(value);
      if (line) this.#apply(line);
    }
    this.days.forgetBefore(dayOf(Date.now() - keepDays * 24 * 3600 * 1000));
    await this.#compactIfLong();
    this.#timer = setInterval(() => void this.flush(), flushMs).unref();
  }

  get entryCount(): number {
    return this.#entries.size;
  }

  get totalBytes(): number {
    return this.#totalBytes;
  }

  entries(): Iterable<LedgerEntry> {
    return this.#entries.values();
  }

  get(key: EntryKey): LedgerEntry | undefined {
    return this.#entries.get(keyText(key));
  }

  recordStored(key: EntryKey, record: EntryRecord): void {
    this.#add(key, record);
    this.days.add(this.#rubric(key.scope, null), { stored: 1, bytesIn: record.sizeBytes });
  }

  /** A hit by a token of `reader`'s scope on an entry that may be a parent's. */
  recordHit(key: EntryKey, reader: string, record: EntryRecord): void {
    const entry = this.get(key) ?? this.#add(key, record);
    entry.hits += 1;
    entry.lastUsedMs = Date.now();
    this.#used.add(entry);
    const savedMs = entry.task?.durationMs ?? 0;
    this.days.add(this.#rubric(reader, entry.task), {
      hits: 1,
      bytesOut: entry.sizeBytes,
      savedMs,
    });
  }

  recordMiss(reader: string): void {
    this.days.add(this.#rubric(reader, null), { misses: 1 });
  }

  /** Says of which task an entry is. False when the scope has no such entry, or knows already. */
  label(key: EntryKey, task: TaskLabel): boolean {
    const entry = this.get(key);
    if (!entry || entry.task) return false;
    entry.task = task;
    this.days.add(this.#rubric(key.scope, task), { ran: 1 });
    this.#journal.append({ kind: 'task', key, task } satisfies Line);
    return true;
  }

  recordRemoved(key: EntryKey): void {
    if (this.#forget(key)) this.#journal.append({ kind: 'removed', key } satisfies Line);
  }

  /** Brings the ledger in line with what is stored: entries of which the journal does not know. */
  async reconcile(store: Store): Promise<void> {
    // What comes while the names are listed may not be among them.
    const before = [...this.#entries.values()];
    const stored = new Set<string>();
    let unknown: EntryKey[] = [];
    for await (const key of store.keys()) {
      stored.add(keyText(key));
      if (!this.get(key)) unknown.push(key);
      if (unknown.length < describeAtOnce) continue;
      await this.#learn(store, unknown);
      unknown = [];
    }
    await this.#learn(store, unknown);
    for (const entry of before) {
      const isSame = this.get(entry.key) === entry;
      if (isSame && !stored.has(keyText(entry.key))) this.recordRemoved(entry.key);
    }
  }

  async #learn(store: Store, keys: EntryKey[]): Promise<void> {
    const records = await Promise.all(keys.map((key) => store.describe(key).catch(() => null)));
    for (const [at, key] of keys.entries()) {
      const record = records[at];
      if (record && record !== 'unreadable' && !this.get(key)) this.#add(key, record);
    }
  }

  async flush(): Promise<void> {
    for (const { key, lastUsedMs, hits } of this.#used) {
      this.#journal.append({ kind: 'used', key, lastUsedMs, hits } satisfies Line);
    }
    this.#used.clear();
    for (const total of this.days.takeFresh())
      this.#journal.append({ kind: 'day', total } satisfies Line);
    await this.#journal.flush();
    await this.#compactIfLong();
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.flush();
  }

  #rubric(
    scope: string,
    task: TaskLabel | null,
  ): Pick<DayTotal, 'day' | 'scope' | 'project' | 'target'> {
    return {
      day: dayOf(Date.now()),
      scope,
      project: task?.project ?? null,
      target: task?.target ?? null,
    };
  }

  #add(key: EntryKey, record: EntryRecord): LedgerEntry {
    const { sizeBytes, createdAtMs, writer, outputs } = cutRecord(record);
    const entry = {
      key,
      sizeBytes,
      createdAtMs,
      writer,
      outputs,
      lastUsedMs: createdAtMs,
      hits: 0,
      task: null,
    };
    this.#put(entry);
    this.#journal.append({ kind: 'entry', entry } satisfies Line);
    return entry;
  }

  #put(entry: LedgerEntry): void {
    this.#forget(entry.key);
    this.#entries.set(keyText(entry.key), entry);
    this.#totalBytes += entry.sizeBytes;
  }

  #forget(key: EntryKey): boolean {
    const entry = this.get(key);
    if (!entry) return false;
    this.#entries.delete(keyText(key));
    this.#used.delete(entry);
    this.#totalBytes -= entry.sizeBytes;
    return true;
  }

  #apply(line: Line): void {
    switch (line.kind) {
      case 'entry':
        return this.#put(line.entry);
      case 'removed':
        return void this.#forget(line.key);
      case 'day':
        return this.days.restore(line.total);
      case 'used': {
        const entry = this.get(line.key);
        if (entry) Object.assign(entry, { lastUsedMs: line.lastUsedMs, hits: line.hits });
        return;
      }
      case 'task': {
        const entry = this.get(line.key);
        if (entry) entry.task = line.task;
      }
    }
  }

  async #compactIfLong(): Promise<void> {
    if (this.#journal.isOld || this.#journal.lines > 20_000 + 3 * this.#entries.size) {
      await this.#journal.compact(this.#snapshot()).catch(() => undefined);
    }
  }

  *#snapshot(): Iterable<Line> {
    for (const total of this.days.all()) yield { kind: 'day', total };
    for (const entry of this.#entries.values()) yield { kind: 'entry', entry };
  }
}
