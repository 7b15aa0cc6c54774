import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { textOf } from '@excel2doc/go-text';
import { systemPath } from '../src/context/name';

export type FileSpec =
  | { path: string; type: 'file'; mode: number; content: string }
  | { path: string; type: 'directory'; mode: number }
  | { path: string; type: 'symlink'; link: string }
  /** Another name of a file that is there. */
  | { path: string; type: 'hardlink'; of: string }
  | { path: string; type: 'fifo'; mode: number };

/** Writes a tree; later specs that don't fit what is there are left out. */
export function writeTree(root: string, specs: FileSpec[]): void {
  const folders: { path: string; mode: number }[] = [];
  for (const spec of specs) {
    const path = join(root, spec.path);
    try {
      mkdirSync(systemPath(dirname(path)), { recursive: true });
      if (spec.type === 'symlink') symlinkSync(spec.link, systemPath(path));
      else if (spec.type === 'hardlink')
        execFileSync('ln', ['--', join(root, spec.of), path], { stdio: 'ignore' });
      else if (spec.type === 'fifo') execFileSync('mkfifo', [path], { stdio: 'ignore' });
      else if (spec.type === 'directory') {
        mkdirSync(systemPath(path), { recursive: true });
        folders.push({ path, mode: spec.mode });
      } else writeFileSync(systemPath(path), spec.content, { flag: 'wx' });
      if (spec.type === 'file') chmodSync(systemPath(path), spec.mode);
    } catch {
      continue;
    }
  }
  for (const { path, mode } of folders) chmodSync(systemPath(path), mode);
}

/**
 * What is in a folder: `type mode content` by path, and of a hard link its first name in `as`, where
 * one destination's names start. Links in the way are not followed.
 */
export function readTree(root: string, as = (path: string) => path): Map<string, string> {
  const found = new Map<string, string>();
  const inodes = new Map<string, string>();
  const visit = (folder: string) => {
    const names = readdirSync(systemPath(join(root, folder)), { encoding: 'buffer' }).map(textOf);
    for (const name of names.sort()) {
      const path = folder === '' ? name : `${folder}/${name}`;
      const stat = lstatSync(systemPath(join(root, path)));
      const inode = `${stat.dev} ${stat.ino}`;
      const first = stat.nlink > 1 && !stat.isDirectory() ? inodes.get(inode) : undefined;
      const same = first === undefined ? '' : ` = ${as(first)}`;
      found.set(path, describeFile(join(root, path)) + same);
      if (!inodes.has(inode)) inodes.set(inode, path);
      if (found.get(path)!.startsWith('directory')) visit(path);
    }
  };
  visit('');
  return found;
}

function describeFile(path: string): string {
  const stat = lstatSync(systemPath(path));
  const mode = (stat.mode & 0o7777).toString(8).padStart(4, '0');
  if (stat.isDirectory()) return `directory ${mode}`;
  if (stat.isSymbolicLink()) return `symlink ${readlinkSync(systemPath(path))}`;
  if (!stat.isFile()) return `special ${mode}`;
  const digest = createHash('sha256')
    .update(readFileSync(systemPath(path)))
    .digest('hex');
  return `file ${mode} sha256:${digest}`;
}
