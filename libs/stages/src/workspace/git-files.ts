import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { inflateSync } from 'node:zlib';

const read = (...path: string[]) => {
  try {
    return readFileSync(join(...path), 'utf8').trim();
  } catch {
    return undefined;
  }
};

/**
 * A repository by its files: a process would cost more than all that is asked for here.
 *
 * @see gitrepository-layout(5)
 */
export class GitFiles {
  private constructor(
    /** Of this worktree. */
    private readonly folder: string,
    /** Of the repository. */
    private readonly common: string,
  ) {}

  /** The repository that a folder lies in; undefined where it lies in none. */
  static at(path: string): GitFiles | undefined {
    const dotGit = join(path, '.git');
    if (!existsSync(dotGit)) return dirname(path) === path ? undefined : GitFiles.at(dirname(path));
    // In a worktree .git is a file that names the folder.
    const linked = /^gitdir: (.+)$/.exec(read(dotGit) ?? '')?.[1];
    const folder = linked === undefined ? dotGit : resolve(path, linked);
    return new GitFiles(folder, resolve(folder, read(folder, 'commondir') ?? '.'));
  }

  /** The branch that is checked out; undefined where HEAD is detached. */
  get branch(): string | undefined {
    return /^ref: refs\/heads\/(.+)$/.exec(read(this.folder, 'HEAD') ?? '')?.[1];
  }

  /** The commit that is checked out, in full; undefined before the first one. */
  get commit(): string | undefined {
    const head = read(this.folder, 'HEAD');
    const reference = /^ref: (.+)$/.exec(head ?? '')?.[1];
    return reference === undefined ? head : this.resolve(reference);
  }

  /** What the remote `origin` has as its default branch, where the clone was told. */
  get defaultBranch(): string | undefined {
    const head = read(this.common, 'refs/remotes/origin/HEAD');
    return /^ref: refs\/remotes\/origin\/(.+)$/.exec(head ?? '')?.[1];
  }

  /** The address of the remote `origin`. */
  get origin(): string | undefined {
    const config = read(this.common, 'config') ?? '';
    return /^\[remote "origin"\]\n(?:[ \t]+.*\n)*?[ \t]+url = (.+)$/m.exec(config)?.[1]?.trim();
  }

  /** Whether git is at work on the checked-out files, as it is while another branch is checked out. */
  get isAtWork(): boolean {
    return existsSync(join(this.folder, 'index.lock'));
  }

  get isShallow(): boolean {
    return existsSync(join(this.common, 'shallow'));
  }

  /**
   * The tags at the commit that is checked out. Undefined where git's files do not tell: a tag with a
   * message may lie in a pack.
   */
  tagsAtHead(): string[] | undefined {
    const { commit } = this;
    if (commit === undefined) return [];
    const loose = this.looseTags();
    const found = new Set<string>();
    for (const [name, target] of loose) {
      const end: string | undefined = target === commit ? commit : this.peeled(target);
      if (end === undefined) return undefined;
      if (end === commit) found.add(name);
    }
    for (const [name, target] of this.packedTags())
      if (!loose.has(name) && target === commit) found.add(name);
    return [...found].sort();
  }

  private resolve(reference: string): string | undefined {
    const loose = read(this.common, reference);
    if (loose) return loose;
    const packed = read(this.common, 'packed-refs')?.split('\n');
    return packed?.find((line) => line.endsWith(` ${reference}`))?.split(' ')[0];
  }

  private looseTags(): Map<string, string> {
    const folder = join(this.common, 'refs/tags');
    const tags = new Map<string, string>();
    if (!existsSync(folder)) return tags;
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      tags.set(path.slice(folder.length + 1), read(path) ?? '');
    }
    return tags;
  }

  /** By name, what each stands at in the end. */
  private packedTags(): Map<string, string> {
    const tags = new Map<string, string>();
    let last: string | undefined;
    for (const line of read(this.common, 'packed-refs')?.split('\n') ?? []) {
      const [, target, name] = /^([0-9a-f]+) refs\/tags\/(.+)$/.exec(line) ?? [];
      // A tag with a message: the next line says what it is of.
      if (line.startsWith('^') && last) tags.set(last, line.slice(1));
      if (name && target) tags.set(name, target);
      last = name;
    }
    return tags;
  }

  /** The commit that an object is, or is a tag of; undefined where it lies in a pack. */
  private peeled(object: string): string | undefined {
    try {
      const path = join(this.common, 'objects', object.slice(0, 2), object.slice(2));
      const text = inflateSync(readFileSync(path)).toString('utf8');
      if (!text.startsWith('tag ')) return object;
      return /\0object ([0-9a-f]+)\n/.exec(text)?.[1];
    } catch {
      return undefined;
    }
  }
}
