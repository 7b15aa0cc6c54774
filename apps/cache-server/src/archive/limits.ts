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

/**
 * What a name may be. Nx unpacks below a folder of its own whose path comes before it, so that half
 * of what a system takes is what is left: 4,096 bytes on Linux, 1,024 on macOS.
 */
export const nameBounds = {
  pathBytes: 1_024,
  parts: 128,
  partBytes: 255,
  /** A pax or GNU record that names an entry: its path, its link and its times. */
  recordBytes: 4_096,
};

/** Nx hands it to JavaScript as one text. */
export const maxTerminalOutputBytes = 64 * 1024 * 1024;
