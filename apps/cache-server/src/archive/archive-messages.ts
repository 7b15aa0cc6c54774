import type { CacheErrorCode } from '../error';
import type { ArchiveLimits } from './limits';
import type { Packing } from './packing';
import type { WorkspacePlace } from './workspace-place';

export interface ArchiveRules {
  limits: ArchiveLimits;
  /** Where it is to be unpacked, where that is known. */
  place?: WorkspacePlace | undefined;
  /** Whether what it holds is digested as well: by those who sign, or look whether somebody did. */
  digestContent?: boolean | undefined;
  /** How what comes is packed; gzip unless it says so. */
  packing?: Packing | undefined;
  /** Whether what comes as zstd is kept so; else it is written anew as gzip. */
  keepsZstd?: boolean | undefined;
  /** Of the file that it is written into, where that is to be sealed. */
  sealKey?: Uint8Array | undefined;
}

/** What the threads that read archives are asked. Blocks are shared memory: nothing is copied. */
export type ArchiveRequest = { id: number } & (
  | { kind: 'whole'; block: Uint8Array; maxBytes: number; rules: ArchiveRules }
  | { kind: 'gathered'; blocks: Uint8Array[]; path: string; maxBytes: number; rules: ArchiveRules }
  | { kind: 'open'; path: string; rules: ArchiveRules }
  | { kind: 'block'; block: Uint8Array }
  | { kind: 'end' }
  | { kind: 'abandon' }
);

/** An archive as it was written anew, or as it came in zstd and is kept. */
export interface WrittenArchive {
  packing: Packing;
  sizeBytes: number;
  sha256: string;
  /** Of what came, before it was written anew. */
  receivedSha256: string;
  /** Of what it holds, unpacked and in its plain form; null where nobody asked for it. */
  contentSha256: string | null;
  outputs: string[];
}

/** One for each request, in the order of the requests of one id. */
export type ArchiveReply = { id: number } & (
  | { kind: 'taken' }
  /** It unpacks to more than `maxBytes`, and nothing was done: to be sent as blocks. */
  | { kind: 'too-large' }
  | { kind: 'whole'; archive: WrittenArchive; content: Uint8Array }
  | { kind: 'written'; archive: WrittenArchive }
  | { kind: 'failed'; code: CacheErrorCode | null; message: string }
);
