import { createReadStream } from 'node:fs';
import type { EntryKey } from '../entry-key';
import type { Spooled } from '../upload/spool';
import type { Remote } from './remote';
import type { EntryRecord, OpenEntry, Store } from './store';

/** A remote as the only store: each entry is brought here whole and checked before it is answered. */
export class SpoolingStore implements Store {
  constructor(readonly remote: Remote) {}

  async read(key: EntryKey): Promise<OpenEntry | null> {
    const fetched = await this.remote.fetch(key);
    if (!fetched) return null;
    const { spooled, record } = fetched;
    const body =
      spooled.bytes ?? (() => spooled.handle.createReadStream({ start: 0, autoClose: false }));
    return { record, body, close: () => spooled.discard() };
  }

  write(
    key: EntryKey,
    { path, sizeBytes }: Spooled,
    record: EntryRecord,
  ): Promise<'stored' | 'exists'> {
    const body = () => createReadStream(path, { end: sizeBytes - 1 });
    return this.remote.send(key, body, record);
  }

  remove(key: EntryKey): Promise<void> {
    return this.remote.remove(key);
  }

  keys(): AsyncIterable<EntryKey> {
    return this.remote.keys();
  }

  describe(key: EntryKey): Promise<EntryRecord | null> {
    return this.remote.describe(key);
  }

  check(): Promise<void> {
    return this.remote.check();
  }

  close(): Promise<void> {
    return this.remote.close();
  }
}
