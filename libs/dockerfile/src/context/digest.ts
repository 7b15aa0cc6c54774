import { createHash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { DockerfileError } from '../error';
import type { FileIndex, FileStamp } from './file-index';
import { systemPath } from './name';

const buffer = Buffer.allocUnsafe(256 * 1024);
const attempts = 3;

/**
 * The digest of a regular file, from the index where that can be trusted.
 *
 * @param file its path in the context, for the index and for errors
 * @throws DockerfileError `FILE_CHANGED` when it keeps changing while it is read
 */
export function fileDigest(path: string, file: string, stamp: FileStamp, index: FileIndex): string {
  const known = index.find(file, stamp);
  if (known !== undefined) return known;
  for (let attempt = 0; attempt < attempts; attempt++) {
    const read = readOnce(path, file);
    if (!read) continue;
    index.add(file, read.stamp, read.digest, read.readAtNs);
    return read.digest;
  }
  throw new DockerfileError('FILE_CHANGED', {
    message: `${file} changed while it was read`,
    hint: 'run again when nothing writes to it, or leave it out in .dockerignore',
  });
}

function open(path: string, file: string): number | undefined {
  try {
    return openSync(systemPath(path), constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ELOOP') return undefined;
    throw new DockerfileError('UNREADABLE', {
      message: `cannot read ${file}`,
      hint: 'give this user the right to read it, or leave it out in .dockerignore',
      cause,
    });
  }
}

function readOnce(path: string, file: string) {
  const readAtNs = BigInt(Date.now()) * 1_000_000n;
  const descriptor = open(path, file);
  if (descriptor === undefined) return undefined;
  try {
    const before = fstatSync(descriptor, { bigint: true });
    const hash = createHash('sha256');
    let size = 0n;
    for (let count = -1; count !== 0;) {
      count = readSync(descriptor, buffer, 0, buffer.length, null);
      hash.update(buffer.subarray(0, count));
      size += BigInt(count);
    }
    const after = fstatSync(descriptor, { bigint: true });
    if (!same(before, after) || size !== after.size) return undefined;
    return { digest: `sha256:${hash.digest('hex')}`, stamp: after, readAtNs };
  } finally {
    closeSync(descriptor);
  }
}

function same(a: BigIntStats, b: BigIntStats): boolean {
  return a.size === b.size && a.mtimeNs === b.mtimeNs && a.ctimeNs === b.ctimeNs && a.ino === b.ino;
}
