/** What an upload may be at most; anything above is refused with 403, which Nx passes over. */
export interface ArchiveLimits {
  /** Bytes as sent, compressed. */
  maxBytes: number;
  /** Bytes once unpacked, headers included. */
  maxUnpackedBytes: number;
  /** Files, folders and links. */
  maxEntries: number;
  /** Unpacked bytes for each byte sent; gzip reaches about 1030 on zeros. */
  maxRatio: number;
}

/** Below this size unpacked, no ratio is looked at: a short log of one repeated line is no bomb. */
export const ratioFreeBytes = 16 * 1024 * 1024;
