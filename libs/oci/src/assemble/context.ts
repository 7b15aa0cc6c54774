import { type BigIntStats, lstatSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { bytesOf, textOf } from '@excel2doc/go-text';
import { OciError } from '../error';
import { type Inode, newDirectory, type Node, Tree } from '../tree/tree';

/** What may be read of a build context: what .dockerignore leaves of it. */
export interface BuildContext {
  /** Absolute. */
  directory: string;
  files: ContextFile[];
}

export interface ContextFile {
  /** Relative to the context; a byte that is no UTF-8 is U+DC00 + byte. */
  path: string;
  /** A symbolic link that stands here as a file or folder is followed, within the context. */
  type?: 'file' | 'directory' | 'symlink' | 'special';
  /** Of the content; where it is given, the content is checked against it. */
  digest?: string;
}

/**
 * The context as BuildKit sees it: modes as they are on the disk, everything owned by root. Folders
 * that lead to a file are there too.
 *
 * Extended attributes are not seen: Node cannot read them.
 *
 * @throws OciError `CONTEXT_CHANGED` when a file is gone, `NOT_ASSEMBLABLE` for devices and the like
 */
export function contextTree({ directory, files }: BuildContext): Tree {
  const tree = new Tree();
  const linked = new Map<string, Inode>();
  /** Where in the context a path really lies. */
  const real = new Map<string, string>([['', '']]);

  function add({ path, type, digest }: ContextFile): void {
    if (tree.get(path)) return;
    const slash = path.lastIndexOf('/');
    const parent = path.slice(0, Math.max(slash, 0));
    if (parent !== '') add({ path: parent, type: 'directory' });
    let place = join(real.get(parent)!, path.slice(slash + 1));
    let stats = statOf(directory, place);
    if (stats.isSymbolicLink() && (type === 'file' || type === 'directory')) {
      place = follow(directory, place);
      stats = statOf(directory, place);
    }
    real.set(path, place);
    const node = nodeOf(join(directory, place), stats, digest);
    if (stats.isFile() && stats.nlink > 1n) {
      const key = `${stats.dev}:${stats.ino}`;
      const first = linked.get(key);
      if (first) node.inode = first;
      else linked.set(key, node.inode);
    }
    tree.set(path, node);
  }

  for (const file of files) if (file.path !== '' && file.path !== '.') add(file);
  return tree;
}

function nodeOf(absolute: string, stats: BigIntStats, digest?: string): Node {
  const mode = Number(stats.mode & 0o7777n);
  if (stats.isDirectory()) return newDirectory(mode);
  const inode = { mode, uid: 0, gid: 0, sizeBytes: 0 };
  if (stats.isSymbolicLink()) {
    return { inode: { ...inode, type: 'symlink', linkPath: targetOf(absolute) } };
  }
  if (!stats.isFile()) {
    throw new OciError('NOT_ASSEMBLABLE', {
      message: `${absolute} is neither a file nor a folder nor a symbolic link`,
    });
  }
  const content = {
    kind: 'file' as const,
    path: absolute,
    ...(digest !== undefined && { digest }),
  };
  return { inode: { ...inode, type: 'file', sizeBytes: Number(stats.size), content } };
}

/** The path with its symbolic links followed as if the context were the root of all. */
function follow(directory: string, path: string): string {
  const left = path.split('/').reverse();
  let done: string[] = [];
  for (let links = 0; left.length > 0;) {
    const name = left.pop()!;
    if (name === '' || name === '.') continue;
    if (name === '..') {
      done.pop();
      continue;
    }
    const place = [...done, name].join('/');
    if (!statOf(directory, place).isSymbolicLink()) {
      done.push(name);
      continue;
    }
    if (++links > 255) {
      throw new OciError('ASSEMBLY_FAILED', { message: `too many symbolic links in ${path}` });
    }
    const target = targetOf(join(directory, place));
    if (target.startsWith('/')) done = [];
    left.push(...target.split('/').reverse());
  }
  return done.join('/');
}

function targetOf(absolute: string): string {
  return textOf(readlinkSync(bytesOf(absolute), 'buffer'));
}

function statOf(directory: string, path: string): BigIntStats {
  const absolute = join(directory, path);
  try {
    return lstatSync(bytesOf(absolute), { bigint: true });
  } catch (cause) {
    throw new OciError('CONTEXT_CHANGED', {
      message: `${absolute} is gone`,
      hint: 'run it again',
      cause,
    });
  }
}
