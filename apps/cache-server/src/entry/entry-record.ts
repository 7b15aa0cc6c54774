import type { Packing } from '../archive/packing';
import type { EntryKey } from '../entry-key';

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

/** What is known of an entry before its content has been read. */
export interface EntryOrigin {
  key: EntryKey;
  writer: string;
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
