import { createHash } from 'node:crypto';
import type { TarEntry } from '../tar/entry';
import { FLOOR_S } from './times';

const HEADER_BYTES = 16;
const UNCHECKED_HASH = 0b01;
/** Larger ones are left as they are: no compiler writes them. */
export const LARGEST_PYC = 8 << 20;

export function isPyc(entry: TarEntry): boolean {
  return (
    entry.type === 'file' &&
    entry.path.endsWith('.pyc') &&
    entry.sizeBytes >= HEADER_BYTES &&
    entry.sizeBytes <= LARGEST_PYC
  );
}

/**
 * Makes Python's byte-code fit the fixed times: a timestamp-based .pyc names the source's mtime, and
 * one that does not match is compiled again on every start.
 *
 * In site-packages it becomes an unchecked hash-based one. Elsewhere, where somebody may edit the
 * source in the container, it stays timestamp-based, with the time that every Python source has.
 *
 * @see PEP 552, and importlib._bootstrap_external: flags, then mtime and size or the hash
 */
export function normalisePyc(entry: TarEntry, content: Buffer): Buffer {
  // Python 2 and Python before 3.7 have no flags field; theirs are never 0 in bytes 4..8 by chance.
  if (content.readUInt32LE(4) !== 0 || content.readUInt16LE(2) !== 0x0a0d) return content;
  const changed = Buffer.from(content);
  if (/(^|\/)(site|dist)-packages\//.test(entry.path)) {
    changed.writeUInt32LE(UNCHECKED_HASH, 4);
    // Not compared in unchecked mode; the source is not at hand, so the code's own digest stands in.
    const hash = createHash('sha256').update(content.subarray(HEADER_BYTES)).digest();
    hash.copy(changed, 8, 0, 8);
  } else {
    changed.writeUInt32LE(FLOOR_S, 8);
  }
  return changed;
}
