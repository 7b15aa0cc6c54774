import { type BigIntStats, lstatSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { bytesOf, textOf } from '@excel2doc/go-text';
import { OciError } from '../error';
import { newDirectory, type Node, Tree } from '../tree/tree';

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
  /** Permission bits, octal; default: those on the disk. */
  mode?: string;
}

/**
 * The context as a builder sees it: everything owned by root, modes as they are given. Folders that lead
 * to a file are there too. Names of one file are as many files: no key says which of a checkout's are
 * hard links, and git knows none.
 *
 * Extended attributes are not seen: Node cannot read them.
 *
 * @throws OciError `CONTEXT_CHANGED` when a file is gone, `NOT_ASSEMBLABLE` for devices and the like
 */
export function contextTree({ directory, files }: BuildContext): Tree {
  const tree = new Tree();
  /** Where in the context a path really lies. */
  const real = new Map<string, string>([['', '']]);

  function add({ path, type, digest, mode }: ContextFile): void {
    if (tree.get(path)) return;
    const slash = path.lastIndexOf('/');
    const parent = path.slice(0, Math.max(slash, 0));
    if (parent !== '') add({ path: parent, type: 'directory', mode: '0755' });
    let place = join(real.get(parent)!, path.slice(slash + 1));
    let stats = statOf(directory, place);
    if (stats.isSymbolicLink() && (type === 'file' || type === 'directory')) {
      place = follow(directory, place);
      stats = statOf(directory, place);
    }
    real.set(path, place);
    tree.set(path, nodeOf(join(directory, place), stats, { digest, mode }));
  }

  for (const file of files) if (file.path !== '' && file.path !== '.') add(file);
  return tree;
}

function nodeOf(
  absolute: string,
  stats: BigIntStats,
  { digest, mode: given }: { digest: string | undefined; mode: string | undefined },
): Node {
  const mode = given === undefined ? Number(stats.mode & 0o7777n) : Number.parseInt(given, 8);
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
