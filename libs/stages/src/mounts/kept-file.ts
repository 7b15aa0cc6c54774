import { posix } from 'node:path';
import type { Digest } from '@excel2doc/oci';

interface Named {
  /** From the mount's root. */
  path: string;
  mode: number;
  uid: number;
  gid: number;
}

/** What is kept of a cache mount, as it lies there. */
export type KeptFile =
  | ({ type: 'directory' } & Named)
  | ({ type: 'symlink'; link: string; mtimeS: number } & Named)
  | ({
      type: 'file';
      sizeBytes: number;
      mtimeS: number;
      digest: Digest;
      /** The archive that it is in with others; absent where it is kept by itself. */
      pack?: Digest;
    } & Named);

/** Its content lies in a file of this machine. */
export type FileHere = KeptFile & { at?: string };

/** Folders that a restore fills before what is in them gets its name: never kept. */
export const UNFINISHED = '.nx-stages-';

/** Whether a path leads to something below the mount, and is one line. */
export function isBelow(path: string): boolean {
  return (
    path !== '' &&
    path !== '.' &&
    path === posix.normalize(path) &&
    !/^\/|^\.\.(\/|$)|[\n\r\0]|\/$/.test(path) &&
    !path.startsWith(UNFINISHED)
  );
}

/**
 * Whether a link stays in the mount.
 *
 * @param target where the mount lies in the container, as a link may name it
 */
export function staysBelow(path: string, link: string, target: string): boolean {
  const root = posix.resolve('/', target);
  const to = posix.resolve(root, posix.dirname(path), link);
  return to.startsWith(`${root}/`) && !/[\n\r\0]/.test(link);
}
