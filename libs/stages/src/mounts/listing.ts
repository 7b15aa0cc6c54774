import { gunzipSync, gzipSync } from 'node:zlib';
import { isDigest } from '@excel2doc/oci';
import { isBelow, type KeptFile } from './kept-file';

/** 1 had what is not kept any more. */
const FORMAT = 2;
/** Some 80,000 files. What is read is read whole, so a longer one could end the process. */
export const MOST_BYTES = 16 << 20;

/** What was kept of a mount after a build. */
export interface Listing {
  /** When it was written, in milliseconds since 1970. */
  atMs: number;
  files: KeptFile[];
}

/** @throws Error where nobody would read it */
export function serialiseListing({ atMs, files }: Listing): Buffer {
  const text = Buffer.from(JSON.stringify({ format: FORMAT, atMs, files }));
  if (text.length > MOST_BYTES)
    throw new Error(`its ${files.length} files are too many for a list`);
  return gzipSync(text);
}

/**
 * What somebody wrote as a listing: whoever may write in the scope did. What leads out of the mount, or is
 * no file of ours, is left out.
 *
 * @returns undefined where it is no listing that is known here
 */
export function parseListing(bytes: Buffer): Listing | undefined {
  try {
    const text = gunzipSync(bytes, { maxOutputLength: MOST_BYTES }).toString('utf8');
    const { format, atMs, files } = JSON.parse(text) as Record<string, unknown>;
    if (format !== FORMAT || !Number.isFinite(atMs) || !Array.isArray(files)) return undefined;
    const kept = new Map<string, KeptFile>();
    for (const file of files) if (isKeptFile(file)) kept.set(file.path, file);
    return { atMs: atMs as number, files: [...kept.values()] };
  } catch {
    return undefined;
  }
}

/** Two listings as one: of two files of one name the younger. */
export function merged(a: readonly KeptFile[], b: readonly KeptFile[]): KeptFile[] {
  const files = new Map(a.map((file) => [file.path, file]));
  for (const file of b) {
    const other = files.get(file.path);
    if (!other || timeOf(file) >= timeOf(other)) files.set(file.path, file);
  }
  return [...files.values()];
}

/**
 * The files that fit, the youngest first: what was fetched last is of the list as it is now. Folders and
 * links weigh nothing, and folders that lead to nothing are left out.
 */
export function within(files: readonly KeptFile[], budgetBytes: number): KeptFile[] {
  let left = budgetBytes;
  const kept = [...files]
    .sort((a, b) => timeOf(b) - timeOf(a) || (a.path < b.path ? -1 : 1))
    .filter((file) => {
      if (file.type !== 'file') return true;
      if (file.sizeBytes > left) return false;
      left -= file.sizeBytes;
      return true;
    });
  return withoutEmptyFolders(kept);
}

export function withoutEmptyFolders<T extends KeptFile>(files: readonly T[]): T[] {
  const used = new Set<string>();
  for (const { type, path } of files)
    if (type !== 'directory')
      for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1))
        used.add(path.slice(0, at));
  return files.filter(({ type, path }) => type !== 'directory' || used.has(path));
}

export const bytesOf = (files: readonly KeptFile[]) =>
  files.reduce((sum, file) => sum + (file.type === 'file' ? file.sizeBytes : 0), 0);

const timeOf = (file: KeptFile) => (file.type === 'directory' ? 0 : file.mtimeS);

const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;

function isKeptFile(value: unknown): value is KeptFile {
  const file = value as Partial<Record<string, unknown>> | null;
  if (!file || typeof file['path'] !== 'string' || !isBelow(file['path'])) return false;
  const { type, mode, uid, gid, link, mtimeS, sizeBytes, digest, pack } = file;
  if (!isCount(uid) || !isCount(gid) || !isCount(mode) || (mode as number) > 0o7777) return false;
  if (type === 'directory') return true;
  if (!isCount(mtimeS)) return false;
  if (type === 'symlink') return typeof link === 'string' && link !== '';
  return (
    type === 'file' &&
    isCount(sizeBytes) &&
    isDigest(digest) &&
    (pack === undefined || isDigest(pack))
  );
}
