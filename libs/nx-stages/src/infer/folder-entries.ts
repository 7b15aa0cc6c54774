import { type Dirent, lstatSync, readdirSync } from 'node:fs';
import { join, posix } from 'node:path';

/** What of a file system a question about one name needs. */
export type Entry = Pick<Dirent, 'isDirectory'>;

/**
 * What lies in the folders of a workspace, each listed once: a graph of hundreds of projects asks each
 * folder for ten names, most of which are not there.
 */
export class FolderEntries {
  private readonly listed = new Map<string, ReadonlyMap<string, Dirent> | 'unreadable'>();

  constructor(private readonly workspaceRoot: string) {}

  /** @param path relative to the workspace; a link is what it is itself, and leads on within a path */
  at(path: string): Entry | undefined {
    if (path === '.' || path === '/' || path === '') return ROOT;
    if (path === '..' || path.startsWith('../')) return this.lstat(path);
    const folder = this.list(posix.dirname(path));
    return folder === 'unreadable' ? this.lstat(path) : folder.get(posix.basename(path));
  }

  /** The names in a folder; none where it may not be listed: whoever copies it is told so. */
  in(folder: string): Dirent[] {
    const listed = this.list(folder);
    return listed === 'unreadable' ? [] : [...listed.values()];
  }

  private list(folder: string): ReadonlyMap<string, Dirent> | 'unreadable' {
    const known = this.listed.get(folder);
    if (known) return known;
    const found = this.read(folder);
    this.listed.set(folder, found);
    return found;
  }

  private read(folder: string): ReadonlyMap<string, Dirent> | 'unreadable' {
    // Most of what is not there lies in a folder that is not there either; an exception costs more.
    if (folder !== '.' && !this.at(folder)) return NONE;
    try {
      const entries = readdirSync(join(this.workspaceRoot, folder), { withFileTypes: true });
      return new Map(entries.map((entry) => [entry.name, entry]));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      return code === 'ENOENT' || code === 'ENOTDIR' ? NONE : 'unreadable';
    }
  }

  private lstat(path: string): Entry | undefined {
    try {
      return lstatSync(join(this.workspaceRoot, path), { throwIfNoEntry: false });
    } catch {
      return undefined;
    }
  }
}

const ROOT: Entry = { isDirectory: () => true };
const NONE: ReadonlyMap<string, Dirent> = new Map();
