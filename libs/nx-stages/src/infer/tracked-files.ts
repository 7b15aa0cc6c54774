import { type Dirent, type Stats, existsSync, lstatSync, readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, posix } from 'node:path';
import type ignore from 'ignore';

/**
 * What every checkout of a workspace has: files that are there and that no .gitignore leaves out. What
 * a build makes, an editor keeps or a user downloads decides nothing of what is inferred.
 *
 * Only the files named .gitignore count: `.git/info/exclude` and a user's own list are no part of a
 * checkout.
 *
 * @see https://git-scm.com/docs/gitignore
 */
export class TrackedFiles {
  private readonly rules = new Map<string, ignore.Ignore | undefined>();
  private readonly kinds = new Map<string, 'file' | 'folder' | undefined>();

  constructor(private readonly workspaceRoot: string) {}

  /** @param path relative to the workspace; a folder counts where a file is in it that counts */
  kind(path: string): 'file' | 'folder' | undefined {
    if (!this.kinds.has(path)) this.kinds.set(path, this.find(path));
    return this.kinds.get(path);
  }

  private find(path: string): 'file' | 'folder' | undefined {
    if (path === '..' || path.startsWith('../')) return undefined;
    const stat = this.lstat(path);
    if (!stat || this.isLeftOut(path, stat.isDirectory())) return undefined;
    if (!stat.isDirectory()) return 'file';
    return this.holdsAny(path) ? 'folder' : undefined;
  }

  private lstat(path: string): Stats | undefined {
    try {
      return lstatSync(join(this.workspaceRoot, path), { throwIfNoEntry: false });
    } catch {
      // A part of it is a file.
      return undefined;
    }
  }

  /** Whether a rule leaves out the path itself or a folder that it lies in. */
  private isLeftOut(path: string, isFolder: boolean): boolean {
    if (path === '.') return false;
    const parent = posix.dirname(path);
    return this.isLeftOut(parent, true) || this.matches(path, isFolder);
  }

  /** The nearest .gitignore with something to say of it decides. */
  private matches(path: string, isFolder: boolean): boolean {
    if (posix.basename(path) === '.git') return true;
    for (let folder = posix.dirname(path); ; folder = posix.dirname(folder)) {
      const { ignored, unignored } = this.rulesIn(folder)?.test(
        posix.relative(folder, path) + (isFolder ? '/' : ''),
      ) ?? { ignored: false, unignored: false };
      if (ignored || unignored) return ignored;
      if (folder === '.') return false;
    }
  }

  private rulesIn(folder: string): ignore.Ignore | undefined {
    if (!this.rules.has(folder)) this.rules.set(folder, this.readRules(folder));
    return this.rules.get(folder);
  }

  private readRules(folder: string): ignore.Ignore | undefined {
    const path = join(this.workspaceRoot, folder, '.gitignore');
    // Hardly any folder has one, and an exception for each would cost more than all else.
    if (!existsSync(path)) return undefined;
    try {
      const text = readFileSync(path, 'utf8');
      // Only here: most graphs are made without a question that needs it.
      const make = createRequire(__filename)('ignore') as typeof ignore;
      return make({ ignorecase: false }).add(text);
    } catch {
      return undefined;
    }
  }

  private holdsAny(folder: string): boolean {
    const isCounted = (entry: Dirent): boolean => {
      const path = posix.join(folder, entry.name);
      if (this.matches(path, entry.isDirectory())) return false;
      return !entry.isDirectory() || this.holdsAny(path);
    };
    // Files first: most folders hold one, and none has to be entered then.
    const entries = this.entries(folder);
    entries.sort((a, b) => Number(a.isDirectory()) - Number(b.isDirectory()));
    return entries.some(isCounted);
  }

  private entries(folder: string): Dirent[] {
    try {
      return readdirSync(join(this.workspaceRoot, folder), { withFileTypes: true });
    } catch {
      // Not readable here: whoever copies it is told so.
      return [];
    }
  }
}
