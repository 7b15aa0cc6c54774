import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** What `lstat` says of a file; times in nanoseconds. */
export interface FileStamp {
  size: bigint;
  mtimeNs: bigint;
  ctimeNs: bigint;
  ino: bigint;
}

interface IndexFile {
  format: 1;
  files: Record<string, [stamp: string, digest: string]>;
}

// Coarser than the clock of any file system in use (FAT: two seconds). A file that was touched less
// than this before it was read may have changed again with the same times, as git's index has it.
const settledAfterNs = 2_000_000_000n;

/**
 * Digests of files that have not changed since they were read: same size, mtime, inode and ctime.
 * It is a cache: one that is missing, corrupt or of another format is empty.
 */
export class FileIndex {
  private readonly known: Map<string, [stamp: string, digest: string]>;
  private readonly seen = new Map<string, [stamp: string, digest: string]>();
  private changed = false;

  /** @param path where it is kept; without one nothing outlives the run */
  constructor(private readonly path?: string) {
    this.known = new Map(path === undefined ? [] : Object.entries(read(path)));
  }

  find(file: string, stamp: FileStamp): string | undefined {
    const text = stampText(stamp);
    const entry = this.seen.get(file) ?? this.known.get(file);
    return entry?.[0] === text ? entry[1] : undefined;
  }

  /** @param readAtNs when its reading began, by the system's clock */
  add(file: string, stamp: FileStamp, digest: string, readAtNs: bigint): void {
    const latest = stamp.mtimeNs > stamp.ctimeNs ? stamp.mtimeNs : stamp.ctimeNs;
    if (latest + settledAfterNs > readAtNs) return;
    this.seen.set(file, [stampText(stamp), digest]);
    this.changed = true;
  }

  /**
   * Writes what this run has seen, all or nothing. Files that it did not ask for are kept. Where
   * nothing can be written, as in a read-only checkout, the next run reads the files again.
   */
  save(): void {
    if (this.path === undefined || !this.changed) return;
    const files = Object.fromEntries([...this.known, ...this.seen]);
    const content: IndexFile = { format: 1, files };
    const temporary = `${this.path}.${randomBytes(6).toString('hex')}`;
    try {
      mkdirSync(dirname(this.path), { recursive: true });
      writeFileSync(temporary, JSON.stringify(content));
      renameSync(temporary, this.path);
    } catch {
      if (existsSync(temporary)) rmSync(temporary, { force: true });
    }
  }
}

function stampText({ size, mtimeNs, ctimeNs, ino }: FileStamp): string {
  return `${size} ${mtimeNs} ${ctimeNs} ${ino}`;
}

function read(path: string): IndexFile['files'] {
  try {
    const content = JSON.parse(readFileSync(path, 'utf8')) as IndexFile;
    const entries = Object.entries(content.files);
    const sound = entries.every(
      ([, [stamp, digest]]) => typeof stamp === 'string' && /^sha256:[0-9a-f]{64}$/.test(digest),
    );
    return content.format === 1 && sound ? content.files : {};
  } catch {
    return {};
  }
}
