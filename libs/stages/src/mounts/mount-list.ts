import { isBelow } from './kept-file';

/** A file, folder or link of a mount, as it lies there. */
export interface Lying {
  path: string;
  type: 'file' | 'directory' | 'symlink';
  mode: number;
  uid: number;
  gid: number;
  sizeBytes: number;
  mtimeS: number;
}

const TYPES: Record<number, Lying['type']> = {
  0o100000: 'file',
  0o040000: 'directory',
  0o120000: 'symlink',
};

/** Reads the lines of the script `list`; what is no line of it is left out. */
export function parseMountList(text: string): Lying[] {
  return text.split('\n').flatMap((line): Lying[] => {
    const [, raw, uid, gid, size, mtime, path = ''] =
      /^([0-9a-f]+) (\d+) (\d+) (\d+) (\d+) \.\/(.+)$/.exec(line) ?? [];
    const bits = Number.parseInt(raw ?? '0', 16);
    const type = TYPES[bits & 0o170000];
    if (!type || !isBelow(path)) return [];
    const [sizeBytes, mtimeS] = [Number(size), Number(mtime)];
    return [{ path, type, mode: bits & 0o7777, uid: Number(uid), gid: Number(gid), sizeBytes, mtimeS }]; // prettier-ignore
  });
}
