import type { EntryKey } from '../entry-key';
import type { Spooled } from '../upload/spooled';
import type { Remote } from './remote';
import { asStream } from '../transfer/entry-file';
import type { EntryRecord } from '../entry/entry-record';
import type { OpenEntry, Store } from './store';

/** A remote as the only store: each entry is brought here whole and checked before it is answered. */
export class SpoolingStore implements Store {
  constructor(readonly remote: Remote) {}

  async read(key: EntryKey): Promise<OpenEntry | null> {
    const fetched = await this.remote.fetch(key);
    if (!fetched) return null;
    const { spooled, record } = fetched;
    return { record, body: spooled.content, close: () => spooled.discard() };
  }

  write(
    key: EntryKey,
    { content, sizeBytes }: Spooled,
    record: EntryRecord,
  ): Promise<'stored' | 'exists'> {
    return this.remote.send(key, () => asStream(content, sizeBytes), record);
  }

  remove(key: EntryKey): Promise<void> {
    return this.remote.remove(key);
  }

  otherBytes(): number {
    return 0;
  }

  keys(): AsyncIterable<EntryKey> {
    return this.remote.keys();
  }

  describe(key: EntryKey): Promise<EntryRecord | 'unreadable' | null> {
    return this.remote.describe(key);
  }

  check(): Promise<void> {
    return this.remote.check();
  }

  close(): Promise<void> {
    return this.remote.close();
  }
}
