import { hasWildcards, matcher } from '@excel2doc/go-text';
import { OciError } from '../error';
import { cleanPath } from '../tar/entry';
import type { Inode, Node, Tree } from '../tree/tree';
import type { ChangedTree } from './changed-tree';
import type { Owner } from './owner';

export interface CopyOptions {
  /** Whoever owns the source where it is left out. */
  owner?: Owner;
  /** The source's own where it is left out. */
  mode?: number;
  /** false for a heredoc, which names a file of its own. */
  contentsOnly?: boolean;
  /**
   * The source is a whole file system, so the folder that a wildcard starts in is there or missing.
   * A build context is here without what nothing of it is copied from.
   */
  isWhole?: boolean;
}

/**
 * One source of a COPY, as BuildKit's file operation does it (fsutil's copy): a folder gives its
 * content; the destination's own symbolic links are followed, those below it are not.
 *
 * @param destination absolute, with the trailing slash that it was written with
 * @throws OciError `ASSEMBLY_FAILED`
 */
export function copySource(
  target: ChangedTree,
  source: Tree,
  pattern: string,
  destination: string,
  options: CopyOptions,
): void {
  for (const path of matchSources(source, pattern, options.isWhole)) {
    copyOne(target, source, path, destination, options);
  }
}

/** The paths that a source of a COPY stands for: none where nothing matches, as in BuildKit. */
export function matchSources(source: Tree, pattern: string, isWhole = false): string[] {
  const parts = pattern.split('/').filter((part) => part !== '' && part !== '.');
  const at = parts.findIndex(hasWildcards);
  if (at < 0) return [parts.join('/')];
  const folder = source.resolve(parts.slice(0, at).join('/'));
  const matches = matcher(parts.slice(at).join('/'));
  const found: string[] = [];
  const search = (path: string, below: string, node: Node) => {
    if (below !== '') {
      const matched = matches(below);
      if (matched === undefined) throw failed(`malformed wildcard: ${pattern}`);
      if (matched) {
        found.push(path);
        return;
      }
    }
    for (const name of [...(node.children?.keys() ?? [])].sort()) {
      const next = node.children!.get(name)!;
      search(joined(path, name), joined(below, name), next);
    }
  };
  const start = source.get(folder);
  if (start) search(folder, '', start);
  else if (isWhole) throw failed(`${pattern}: there is no /${folder}`);
  return found;
}

function copyOne(
  target: ChangedTree,
  source: Tree,
  path: string,
  destination: string,
  { owner, mode, contentsOnly = true }: CopyOptions,
): void {
  const slash = destination.lastIndexOf('/') + 1;
  const last = destination.slice(slash);
  const ensured = last !== '' && last !== '.' ? destination.slice(0, slash) : destination;
  target.makeFolders(target.tree.resolve(ensured), owner);

  let to = target.tree.resolve(destination);
  const from = source.get(source.resolve(path));
  if (!from) throw failed(`${path} not found`, 'it does not exist, or .dockerignore leaves it out');
  const isFolder = from.children !== undefined;
  const there = target.tree.get(to);
  if (there && ((isFolder && !contentsOnly) || (!isFolder && there.children))) {
    to = joined(to, path.slice(path.lastIndexOf('/') + 1));
  }
  const parent = to.slice(0, Math.max(to.lastIndexOf('/'), 0));
  target.makeFolders(isFolder && contentsOnly && !there ? to : parent, owner);

  const copied = new Map<Inode, Inode>();
  const metadata = (inode: Inode): Inode => ({
    ...inode,
    ...owner,
    // A symbolic link's mode means nothing; every Linux file system shows it as this.
    mode: inode.type === 'symlink' ? 0o777 : (mode ?? inode.mode),
  });

  const copyFile = (node: Node, at: string) => {
    if (target.tree.get(at)?.children) throw failed(`cannot replace folder /${at} by a file`);
    const inode = copied.get(node.inode) ?? metadata(node.inode);
    copied.set(node.inode, inode);
    target.put(at, { inode });
  };

  const copyFolder = (node: Node, at: string, overwrite: boolean) => {
    const existing = target.tree.get(at);
    if (existing && !existing.children) throw failed(`cannot copy a folder to /${at}: it is none`);
    if (!existing) target.put(at, { inode: metadata(node.inode), children: new Map() });
    else if (overwrite) {
      const xattrs = { ...existing.inode.xattrs, ...node.inode.xattrs };
      const merged = Object.keys(xattrs).length > 0 ? { xattrs } : {};
      target.change(at, { ...metadata(node.inode), ...merged });
    }
    for (const name of [...node.children!.keys()].sort()) {
      const child = node.children!.get(name)!;
      if (child.children) copyFolder(child, joined(at, name), true);
      else copyFile(child, joined(at, name));
    }
  };

  if (isFolder) copyFolder(from, to, false);
  else copyFile(from, to);
}

/** A path of an instruction, absolute from the working directory; a trailing slash stays. */
export function absolutePath(workingDirectory: string, path: string): string {
  const written = path === '' || path === '.' ? './' : path;
  const from = written.startsWith('/') ? written : `${workingDirectory}/${written}`;
  const parts: string[] = [];
  for (const part of cleanPath(from).split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '') parts.push(part);
  }
  const absolute = `/${parts.join('/')}`;
  return /\/\.?$/.test(written) && absolute !== '/' ? `${absolute}/` : absolute;
}

function joined(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`;
}

function failed(message: string, hint?: string): OciError {
  return new OciError('ASSEMBLY_FAILED', { message: `COPY: ${message}`, ...(hint && { hint }) });
}
