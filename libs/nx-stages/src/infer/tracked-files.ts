import { type Dirent, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, posix } from 'node:path';
import type ignore from 'ignore';
import { FolderEntries } from './folder-entries';

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

  private readonly leftOut = new Map<string, boolean>();

  constructor(
    private readonly workspaceRoot: string,
    private readonly entries = new FolderEntries(workspaceRoot),
  ) {}

  /** @param path relative to the workspace; a folder counts where a file is in it that counts */
  kind(path: string): 'file' | 'folder' | undefined {
    if (!this.kinds.has(path)) this.kinds.set(path, this.find(path));
    return this.kinds.get(path);
  }

  private find(path: string): 'file' | 'folder' | undefined {
    if (path === '..' || path.startsWith('../')) return undefined;
    const entry = this.entries.at(path);
    if (!entry || this.isLeftOut(path, entry.isDirectory())) return undefined;
    if (!entry.isDirectory()) return 'file';
    return this.holdsAny(path) ? 'folder' : undefined;
  }

  /** Whether a rule leaves out the path itself or a folder that it lies in. */
  private isLeftOut(path: string, isFolder: boolean): boolean {
    if (path === '.') return false;
    return this.isFolderLeftOut(posix.dirname(path)) || this.matches(path, isFolder);
  }

  private isFolderLeftOut(folder: string): boolean {
    const known = this.leftOut.get(folder);
    if (known !== undefined) return known;
    const isLeftOut = this.isLeftOut(folder, true);
    this.leftOut.set(folder, isLeftOut);
    return isLeftOut;
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
    const file = posix.join(folder, '.gitignore');
    if (!this.entries.at(file)) return undefined;
    const path = join(this.workspaceRoot, file);
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
    const entries = this.entries.in(folder);
    entries.sort((a, b) => Number(a.isDirectory()) - Number(b.isDirectory()));
    return entries.some(isCounted);
  }
}
