import type { EntryKey } from '../entry-key';
import type { Packing } from '../archive/packing';
import type { EntryFile } from '../transfer/entry-file';
import type { Spooled } from '../upload/spool';

/** What is known of an entry from the store alone. */
export interface EntryRecord {
  sizeBytes: number;
  sha256: string;
  createdAtMs: number;
  /** The subject of the token that wrote it. */
  writer: string;
  outputs: string[];
  /** How the content is packed: gzip where nothing is said. */
  packing?: Packing | undefined;
  /** By whom it was written, for readers to check: the server keeps it and does not judge it. */
  signature?: string | undefined;
}

/** What is kept of a record's names, which are for people only: thousands stay in memory. */
export const nameLimits = { writerCharacters: 256, outputs: 8, outputCharacters: 120 };

/** The record with its names cut to `nameLimits`. */
export function cutRecord(record: EntryRecord): EntryRecord {
  const { writerCharacters, outputs, outputCharacters } = nameLimits;
  return {
    ...record,
    writer: record.writer.slice(0, writerCharacters),
    outputs: record.outputs.slice(0, outputs).map((name) => name.slice(0, outputCharacters)),
  };
}

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
