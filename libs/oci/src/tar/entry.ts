export type EntryType =
  'file' | 'directory' | 'symlink' | 'hardlink' | 'character' | 'block' | 'fifo';

/** One entry of a layer, as the formats' headers together give it. */
export interface TarEntry {
  /** From the root, without `./`, leading or trailing slash; '' is the root itself. */
  path: string;
  type: EntryType;
  /** Permission bits, with setuid, setgid and sticky: at most 0o7777. */
  mode: number;
  uid: number;
  gid: number;
  /** Of the content; 0 for all but files. */
  sizeBytes: number;
  /** Whole seconds since 1970. */
  mtimeS: number;
  /** A symbolic link's target as it stands; a hard link's, as `path` is written. */
  linkPath?: string;
  device?: { major: number; minor: number };
  xattrs?: Record<string, Buffer>;
  /** Stored with holes: listed, but its content cannot be read. */
  sparse?: boolean;
}

/** The path as layers, indexes and trees have it. */
export function cleanPath(path: string): string {
  if (path !== '' && !/(^|\/)(\.?\/|\.?$)/.test(path)) return path;
  return path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');
}
