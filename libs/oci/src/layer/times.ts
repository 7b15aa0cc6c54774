import { createHash } from 'node:crypto';
import type { TarEntry } from '../tar/entry';
import { encodeHeader } from '../tar/header';
import { WHITEOUT } from './order';

/** What made a layer. */
export type Maker =
  | { by: 'copy' }
  /** @param below how many layers there were before */
  | { by: 'run'; below: number };

/**
 * The time of all that nobody compares, in seconds: 2 January 1980, so that it is within what a ZIP
 * can hold in every time zone.
 */
export const FLOOR_S = 315_619_200;
const RUN_SPAN_S = 2 ** 22;
/** More layers than this no image has. */
const MOST_RUNS = 127;
const COPY_FROM_S = FLOOR_S + (MOST_RUNS + 1) * RUN_SPAN_S;
const COPY_SPAN_S = 2 ** 28;

/** An entry of a layer, and the digest of what is in it where it is a file. */
export interface Listed {
  entry: TarEntry;
  contentDigest?: string;
}

/**
 * The time of a layer's files, in seconds. It follows what is in the layer, since a web server makes
 * an ETag of a file's time and size: another page of the same length is another one. It is the same
 * for all of them, since make and autotools take a source that is newer than what lies beside it for
 * changed. And it tells those tools what they go by in a plain build, where each instruction's files
 * are newer than the ones before:
 *
 * - what a COPY or ADD brings is newer than all that any RUN made, so a tool that finds something made
 *   of a source's earlier version makes it again. It does not follow where the COPY stands: the same
 *   files are the same layer in every image.
 * - what a RUN made is newer than what the RUNs before it made.
 *
 * @param entries in the layer's order
 */
export function layerTime(entries: Iterable<Listed>, maker: Maker): number {
  const hash = createHash('sha256');
  for (const { entry, contentDigest } of entries) {
    hash.update(encodeHeader({ ...entry, mtimeS: FLOOR_S }));
    if (contentDigest !== undefined) hash.update(contentDigest);
  }
  const number = hash.digest().readUInt32BE();
  return maker.by === 'copy'
    ? COPY_FROM_S + (number % COPY_SPAN_S)
    : FLOOR_S + Math.min(maker.below, MOST_RUNS) * RUN_SPAN_S + (number % RUN_SPAN_S);
}

/**
 * An entry with its time.
 *
 * @param timeS of the layer's files
 */
export function timed(entry: TarEntry, timeS: number): TarEntry {
  return { ...entry, mtimeS: isTimed(entry) ? timeS : FLOOR_S };
}

/**
 * Folders stand in several layers. A Python source keeps one time, since byte-code in whatever layer
 * names it, and is made again where it is another.
 */
function isTimed({ type, path, linkPath }: TarEntry): boolean {
  if (type !== 'file' && type !== 'hardlink') return false;
  // A link has the time of what it is a link to.
  const file = linkPath ?? path;
  return !file.endsWith('.py') && !file.startsWith(WHITEOUT, file.lastIndexOf('/') + 1);
}
