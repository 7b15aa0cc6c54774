import type { EntryKey } from '../entry-key';
import type { EntryRecord } from '../entry/entry-record';
import type { EntryFile } from '../transfer/entry-file';
import type { Spooled, SpooledEntry } from '../upload/spooled';

/** An entry opened for reading; its content has been checked against its digest. */
export interface OpenEntry {
  record: EntryRecord;
  /** All of it when it is small, else an open file whose first `sizeBytes` it is. */
  body: Buffer | EntryFile;
  /** To be called when nothing more is read. */
  close(): Promise<void>;
}

/** Where entries are. An entry is whole or absent, and never changes once it is there. */
export interface Store {
  /** Null when there is none, or when what is there is damaged. */
  read(key: EntryKey): Promise<OpenEntry | null>;
  /** Stores it unless the key is taken: the first writer wins. The spooled file stays the caller's. */
  write(key: EntryKey, spooled: Spooled, record: EntryRecord): Promise<'stored' | 'exists'>;
  /** Only where entries are files. */
  readonly files?: EntryFiles;
  remove(key: EntryKey): Promise<void>;
  /** Bytes that it keeps beside its entries: damaged ones, in quarantine. */
  otherBytes(): number;
  /** Names alone: 100,000 of them in well under a second on a disk. */
  keys(): AsyncIterable<EntryKey>;
  /**
   * Reads the record but not the content; 'unreadable' when no key of ours opens it, or when it should
   * be sealed and is not.
   */
  describe(key: EntryKey): Promise<EntryRecord | 'unreadable' | null>;
  /** Throws when it cannot serve. */
  check(): Promise<void>;
  close(): Promise<void>;
}

/** A store whose entries are files, which need not be written by itself. */
export interface EntryFiles {
  /** Where an entry's file is to be. */
  pathOf(key: EntryKey): string;
  /** Makes ready for a file that is to be put there; once or more for each. @throws CacheError `DISK_FULL` */
  prepare(key: EntryKey): Promise<void>;
  /** Takes note of a file that was put there, or puts it there now. */
  adopt(key: EntryKey, entry: SpooledEntry): Promise<'stored' | 'exists'>;
  /** To be called where nothing came of what was made ready, or `adopt` has failed. */
  abandon(key: EntryKey): void;
}
