import { keyText, type EntryKey } from '../entry-key';
import type { EntryRecord } from './store';

interface HotEntry {
  record: EntryRecord;
  body: Buffer;
}

/** Small entries that were stored or read last, up to a number of bytes. Entries never change. */
export class HotEntries {
  readonly #entries = new Map<string, HotEntry>();
  #bytes = 0;

  constructor(
    readonly maxBytes: number,
    readonly maxEntryBytes: number,
  ) {}

  get(key: EntryKey): HotEntry | undefined {
    const text = keyText(key);
    const entry = this.#entries.get(text);
    if (!entry) return undefined;
    // A Map keeps the order of insertion: last means used last.
    this.#entries.delete(text);
    this.#entries.set(text, entry);
    return entry;
  }

  add(key: EntryKey, entry: HotEntry): void {
    if (entry.body.length > this.maxEntryBytes) return;
    this.remove(key);
    this.#entries.set(keyText(key), entry);
    this.#bytes += entry.body.length;
    for (const [text, oldest] of this.#entries) {
      if (this.#bytes <= this.maxBytes) return;
      this.#entries.delete(text);
      this.#bytes -= oldest.body.length;
    }
  }

  remove(key: EntryKey): void {
    const text = keyText(key);
    this.#bytes -= this.#entries.get(text)?.body.length ?? 0;
    this.#entries.delete(text);
  }
}
