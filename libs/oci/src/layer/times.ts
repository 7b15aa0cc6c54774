import { createHash } from 'node:crypto';
import { type Digest, hexOf } from '../digest';
import type { TarEntry } from '../tar/entry';
import { encodeHeader } from '../tar/header';
import { WHITEOUT } from './order';

/** What made a layer: a COPY or ADD of the context, a COPY of another stage or image, or a RUN. */
export type LayerMaker = 'context' | 'stage' | 'run';

/** Where in an image a layer stands, as far as its time hangs on it. */
export interface LayerPosition {
  by: LayerMaker;
  /** How many layers there were before; only a RUN's time follows it. */
  below: number;
}

/**
 * The time of all that nobody compares, in seconds: 2 January 1980, so that it is within what a ZIP
 * can hold in every time zone.
 */
export const FLOOR_S = 315_619_200;
const RUN_SPAN_S = 2 ** 22;
/** More layers than this no image has. */
const MOST_RUNS = 127;
const COPY_SPAN_S = 2 ** 27;
const STAGE_FROM_S = FLOOR_S + (MOST_RUNS + 1) * RUN_SPAN_S;
const CONTEXT_FROM_S = STAGE_FROM_S + COPY_SPAN_S;

/** An entry of a layer, and the digest of what is in it where it is a file. */
export interface Listed {
  entry: TarEntry;
  contentDigest?: Digest;
}

/**
 * Makes the time of a layer's files, in seconds. It follows what is in the layer, since a web server
 * makes an ETag of a file's time and size: another page of the same length is another one. It is the
 * same for all of them, since make and autotools take a source that is newer than what lies beside it
 * for changed. And it tells those tools what they go by in a plain build, where each instruction's
 * files are newer than the ones before:
 *
 * - what comes from the context is newer than all that any RUN made, also where a COPY took that from
 *   another stage: a tool that finds something made of a source's earlier version makes it again. It
 *   does not follow where the COPY stands: the same files are the same layer in every image.
 * - what a RUN made is newer than what the RUNs before it made.
 */
export class LayerTime {
  private readonly hash = createHash('sha256');

  /** Each entry once, in the layer's order. */
  add({ entry, contentDigest }: Listed): this {
    this.hash.update(encodeHeader({ ...entry, mtimeS: FLOOR_S }));
    if (contentDigest !== undefined) this.hash.update(hexOf(contentDigest));
    return this;
  }

  /** Can be asked for once. */
  seconds({ by, below }: LayerPosition): number {
    const number = this.hash.digest().readUInt32BE();
    if (by === 'run')
      return FLOOR_S + Math.min(below, MOST_RUNS) * RUN_SPAN_S + (number % RUN_SPAN_S);
    return (by === 'context' ? CONTEXT_FROM_S : STAGE_FROM_S) + (number % COPY_SPAN_S);
  }
}

/** The time of a layer with these entries, in its order. */
export function layerTime(entries: Iterable<Listed>, position: LayerPosition): number {
  const time = new LayerTime();
  for (const each of entries) time.add(each);
  return time.seconds(position);
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
