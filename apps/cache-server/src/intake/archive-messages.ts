import type { ArchiveLimits } from '../archive/limits';
import type { Packing } from '../archive/packing';
import type { WorkspacePlace } from '../archive/workspace-place';
import type { SealName } from '../encryption/file-seal';
import type { EntryOrigin, EntryRecord } from '../entry/entry-record';
import type { CacheErrorCode } from '../error';

export interface ArchiveRules {
  limits: ArchiveLimits;
  /** Where it is to be unpacked, where that is known. */
  place?: WorkspacePlace | undefined;
  /** Whether what it holds is digested as well: by those who sign, or look whether somebody did. */
  digestContent?: boolean | undefined;
  /** Whether what comes is digested as well: by those who fetch it from where its digest is known. */
  digestReceived?: boolean | undefined;
  /** How what comes is packed; gzip unless it says so. */
  packing?: Packing | undefined;
  /** Whether what comes as zstd is kept so; else it is written anew as gzip. */
  keepsZstd?: boolean | undefined;
}

/** The file that an archive is written into; it must not be there. */
export interface WantedFile {
  path: string;
  /** What it is sealed with, if it is to be. */
  seal: { name: SealName; key: Uint8Array } | null;
  /** What it is to be: then its record stands behind it, and it is in its place before the answer. */
  entry: WantedEntry | null;
}

export interface WantedEntry {
  origin: EntryOrigin;
  /** Its place, in a folder that is there. */
  path: string;
}

/** What the threads that read archives are asked. Blocks are shared memory: nothing is copied. */
export type ArchiveRequest = { id: number } & (
  | {
      kind: 'whole';
      blocks: Uint8Array[];
      maxBytes: number;
      rules: ArchiveRules;
      file: WantedFile | null;
    }
  | { kind: 'open'; file: WantedFile; rules: ArchiveRules }
  | { kind: 'block'; block: Uint8Array }
  | { kind: 'end' }
  | { kind: 'abandon' }
);

/** An archive as it was written anew, or as it came in zstd and is kept. */
export interface WrittenArchive {
  packing: Packing;
  sizeBytes: number;
  sha256: string;
  /** Of what came, before it was written anew; null where nobody asked for it. */
  receivedSha256: string | null;
  /** Of what it holds, unpacked and in its plain form; null where nobody asked for it. */
  contentSha256: string | null;
  outputs: string[];
}

/** An entry's file that is whole. */
export interface EntryFile {
  record: EntryRecord;
  /** See `identityOf`. */
  identity: string;
  /**
   * 'stored': it is in its place, and on the disk under that name. Else it lies where it was written: the
   * place was taken, or has no folder.
   */
  outcome: 'stored' | 'exists' | 'no-folder';
}

/** One for each request, in the order of the requests of one id. */
export type ArchiveReply = { id: number } & (
  | { kind: 'taken' }
  /** It unpacks to more than `maxBytes`, and nothing was done: to be sent as blocks. */
  | { kind: 'too-large' }
  /** `content` where no file was wanted. */
  | { kind: 'whole'; archive: WrittenArchive; content: Uint8Array }
  /** `isInBlock`: what was written is also in the one block that was sent, from its beginning on. */
  | { kind: 'written'; archive: WrittenArchive; entry: EntryFile | null; isInBlock: boolean }
  | { kind: 'failed'; code: CacheErrorCode | null; message: string }
);
