import type { BigIntStats } from 'node:fs';
import { lstatSync, readdirSync, readlinkSync } from 'node:fs';
import { textOfOctets } from '@excel2doc/go-text';
import { DockerfileError } from '../error';
import type { FileStamp } from './file-index';
import type { IgnoreRule, IgnoreRules } from '../ignore/ignore-file';
import type { ParentMatches } from '../ignore/pattern';
import { LeftOut } from './left-out';
import { systemPath } from './name';

export type EntryType = 'file' | 'directory' | 'symlink' | 'special';

/** A file of the build context. */
export interface Entry {
  /** Relative to the context; '' is the context itself. */
  path: string;
  type: EntryType;
  /** Permission bits, octal: `0644`. */
  mode: string;
  stamp: FileStamp;
  /** Of what has several names, which file it is. */
  inode?: string;
}

interface Node extends Entry {
  /** The rule that leaves it out. */
  ignoredBy: IgnoreRule | undefined;
  matches: ParentMatches;
  children?: Node[];
  showsBelow?: boolean;
}

/**
 * The build context less what .dockerignore leaves out, read as far as it is asked for: an ignored
 * folder that nothing is taken back from is never entered.
 *
 * @see https://github.com/tonistiigi/fsutil, filterFS.Walk
 */
export class ContextTree {
  private readonly nodes = new Map<string, Node | undefined>();
  private readonly links = new Map<string, string>();

  constructor(
    readonly root: string,
    private readonly rules: IgnoreRules,
    private readonly leftOut = new LeftOut([]),
  ) {
    const stat = this.lstat('');
    if (!stat?.isDirectory())
      throw new DockerfileError('UNREADABLE', {
        message: `the build context ${root} is no folder`,
      });
    this.nodes.set('', { ...entryOf('', stat), ignoredBy: undefined, matches: [] });
  }

  /** What BuildKit would see at `path`; links are not followed. */
  entry(path: string): Entry | undefined {
    const node = this.node(path);
    return node && this.shows(node) ? node : undefined;
  }

  /** The visible entries of a folder, by name. */
  list(folder: string): Entry[] {
    const node = this.node(folder);
    if (node?.type !== 'directory') return [];
    return this.children(node).filter((child) => this.shows(child));
  }

  /** The rule that hides `path`, or the folder that it is in; `undefined` when nothing is there. */
  hiddenBy(path: string): IgnoreRule | undefined {
    const parts = path.split('/');
    for (let length = 1; length <= parts.length; length++) {
      const prefix = parts.slice(0, length).join('/');
      const stat = this.lstat(prefix);
      if (!stat) return undefined;
      const node = this.node(prefix);
      const rule = node ? node.ignoredBy : this.ruleFor(prefix);
      if (
        rule &&
        (length === parts.length || !stat.isDirectory() || !this.rules.mayNegateBelow(prefix))
      )
        return this.lstat(path) ? rule : undefined;
    }
    return undefined;
  }

  /** The names in a folder, what .dockerignore leaves out among them; none where no folder is. */
  allNames(folder: string): string[] {
    if (!this.lstat(folder)?.isDirectory()) return [];
    return this.read(folder);
  }

  /** Whether a symbolic link is there, left out by .dockerignore or not. */
  isLink(path: string): boolean {
    return this.lstat(path)?.isSymbolicLink() ?? false;
  }

  /** The target of a symbolic link, as written. */
  link(path: string): string {
    let target = this.links.get(path);
    if (target === undefined) {
      target = textOfOctets(readlinkSync(systemPath(this.absolute(path)), 'latin1'));
      this.links.set(path, target);
    }
    return target;
  }

  absolute(path: string): string {
    return path === '' ? this.root : `${this.root}/${path}`;
  }

  private ruleFor(path: string): IgnoreRule | undefined {
    let parent: ParentMatches | undefined;
    let by: IgnoreRule | undefined;
    const parts = path.split('/');
    parts.forEach((_, index) => {
      const result = this.rules.match(parts.slice(0, index + 1).join('/'), parent);
      parent = result.matches;
      by = result.by;
    });
    return by;
  }

  private node(path: string): Node | undefined {
    if (this.nodes.has(path)) return this.nodes.get(path);
    const slash = path.lastIndexOf('/');
    const parent = this.node(slash < 0 ? '' : path.slice(0, slash));
    let node: Node | undefined;
    if (parent?.type === 'directory' && this.enters(parent)) {
      const stat = this.lstat(path);
      if (stat) node = this.make(path, stat, parent);
    }
    this.nodes.set(path, node);
    return node;
  }

  private make(path: string, stat: BigIntStats, parent: Node): Node {
    const { by, matches } = this.rules.match(path, parent.path === '' ? undefined : parent.matches);
    return { ...entryOf(path, stat), ignoredBy: by, matches };
  }

  private enters(node: Node): boolean {
    return !node.ignoredBy || this.rules.mayNegateBelow(node.path);
  }

  private shows(node: Node): boolean {
    if (!node.ignoredBy) return !this.leftOut.isAbove(node.path) || this.holdsAny(node);
    if (node.type !== 'directory' || !this.enters(node)) return false;
    return this.holdsAny(node);
  }

  private holdsAny(node: Node): boolean {
    node.showsBelow ??= this.children(node).some((child) => this.shows(child));
    return node.showsBelow;
  }

  private children(node: Node): Node[] {
    if (!node.children) {
      node.children = [];
      for (const name of this.names(node)) {
        const path = node.path === '' ? name : `${node.path}/${name}`;
        const known = this.nodes.get(path);
        const stat = known ? undefined : this.lstat(path);
        const child = known ?? (stat && this.make(path, stat, node));
        if (!child) continue;
        this.nodes.set(path, child);
        node.children.push(child);
      }
    }
    return node.children;
  }

  private names(node: Node): string[] {
    return this.enters(node) ? this.read(node.path) : [];
  }

  private read(folder: string): string[] {
    try {
      const names = readdirSync(systemPath(this.absolute(folder)), 'latin1');
      const all = names.map(textOfOctets).sort();
      return all.filter((name) => !this.leftOut.has(folder === '' ? name : `${folder}/${name}`));
    } catch (cause) {
      throw unreadable(folder, cause);
    }
  }

  private lstat(path: string): BigIntStats | undefined {
    if (this.leftOut.has(path)) return undefined;
    try {
      return lstatSync(systemPath(this.absolute(path)), { bigint: true, throwIfNoEntry: false });
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOTDIR') return undefined;
      throw unreadable(path, cause);
    }
  }
}

function unreadable(path: string, cause: unknown): DockerfileError {
  return new DockerfileError('UNREADABLE', {
    message: `cannot read ${path || 'the build context'}`,
    hint: 'give this user the right to read it, or leave it out in .dockerignore',
    cause,
  });
}

// Of what `lstat` says no more is kept than is asked for: a context may have very many files.
function entryOf(path: string, stat: BigIntStats): Entry {
  const { size, mtimeNs, ctimeNs, ino, dev, nlink } = stat;
  const type = stat.isFile()
    ? 'file'
    : stat.isDirectory()
      ? 'directory'
      : stat.isSymbolicLink()
        ? 'symlink'
        : 'special';
  return {
    path,
    type,
    mode: (Number(stat.mode) & 0o7777).toString(8).padStart(4, '0'),
    stamp: { size, mtimeNs, ctimeNs, ino },
    ...(nlink > 1n && type !== 'directory' && { inode: `${dev} ${ino}` }),
  };
}
