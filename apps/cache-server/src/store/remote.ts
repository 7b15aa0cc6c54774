import type { Readable } from 'node:stream';
import type { EntryKey } from '../entry-key';
import type { Spooled } from '../upload/spooled';
import type { EntryRecord } from '../entry/entry-record';

/** An entry that was brought here; the spooled file is the caller's to discard. */
export interface Fetched {
  spooled: Spooled;
  record: EntryRecord;
}

/** A place for entries that is not on our disk. Its content is checked as it arrives. */
export interface Remote {
  /** Null when it has none, or when what it has is damaged. */
  fetch(key: EntryKey): Promise<Fetched | null>;
  /** Stores it unless the key is taken. `body` may be called again for a second try. */
  send(key: EntryKey, body: () => Readable, record: EntryRecord): Promise<'stored' | 'exists'>;
  remove(key: EntryKey): Promise<void>;
  keys(): AsyncIterable<EntryKey>;
  describe(key: EntryKey): Promise<EntryRecord | 'unreadable' | null>;
  /** Throws when it cannot serve. */
  check(): Promise<void>;
  close(): Promise<void>;
}
