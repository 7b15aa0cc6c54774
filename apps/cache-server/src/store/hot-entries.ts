import { keyText, type EntryKey } from '../entry-key';
import type { EntryRecord } from '../entry/entry-record';

interface HotEntry {
  record: EntryRecord;
  body: Buffer;
}

/**
 * Small entries that came last, up to a number of bytes. Entries never change.
 *
 * Their bodies lie in one ring of memory. Held as they come, each would be old garbage once another
 * takes its place, and the collector lets 64 MB of that pile up.
 */
export class HotEntries {
  readonly #ring: Buffer;
  /** Where in the ring the next one goes, counted on at each turn. */
  #end = 0;
  /** Oldest first. */
  readonly #entries = new Map<string, { record: EntryRecord; start: number }>();

  constructor(
    maxBytes: number,
    readonly maxEntryBytes: number,
  ) {
    this.#ring = Buffer.allocUnsafeSlow(maxBytes);
  }

  /** Its body is a copy, which stays as it is while somebody sends it. */
  get(key: EntryKey): HotEntry | undefined {
    const entry = this.#entries.get(keyText(key));
    if (!entry) return undefined;
    const at = entry.start % this.#ring.length;
    const body = Buffer.from(this.#ring.subarray(at, at + entry.record.sizeBytes));
    return { record: entry.record, body };
  }

  add(key: EntryKey, { record, body }: HotEntry): void {
    if (body.length > this.maxEntryBytes) return;
    this.remove(key);
    const ringBytes = this.#ring.length;
    const untilTurn = ringBytes - (this.#end % ringBytes);
    if (body.length > untilTurn) this.#end += untilTurn;
    const start = this.#end;
    this.#end += body.copy(this.#ring, start % ringBytes);
    for (const [text, oldest] of this.#entries) {
      if (oldest.start >= this.#end - ringBytes) break;
      this.#entries.delete(text);
    }
    this.#entries.set(keyText(key), { record, start });
  }

  remove(key: EntryKey): void {
    this.#entries.delete(keyText(key));
  }
}
