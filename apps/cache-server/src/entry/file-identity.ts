import type { BigIntStats } from 'node:fs';

/** Changes when somebody writes to the file; not ctime, which changes with the number of its names. */
export function identityOf({ ino, size, mtimeNs }: BigIntStats): string {
  return `${ino}:${size}:${mtimeNs}`;
}
