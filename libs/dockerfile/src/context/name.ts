import { bytesOf } from '@excel2doc/go-text';

// With the u flag a class sees half of a pair only where it stands alone.
const escapedByte = /[\udc80-\udcff]/u;

/** The path for the file system: bytes where a string can't say it. */
export function systemPath(path: string): string | Buffer {
  return escapedByte.test(path) ? bytesOf(path) : path;
}
