import { posix } from 'node:path';
import { hasWildcards, matcher } from '@excel2doc/go-text';
import { contextPath } from './path';
import type { ContextTree } from './tree';

/**
 * `path` with its symbolic links followed, as if the context were the root of the file system: a
 * link can't lead out of it. Parts that don't exist stay as they are.
 *
 * @returns `undefined` for links that run in a circle
 * @see https://github.com/containerd/continuity, fs.RootPath
 */
export function followLinks(tree: ContextTree, path: string): string | undefined {
  return walkLinks(tree, path).end;
}

/** Whether `path` goes on behind a link that leads to the context's root. */
export function passesRoot(tree: ContextTree, path: string): boolean {
  return walkLinks(tree, path).passesRoot;
}

function walkLinks(
  tree: ContextTree,
  path: string,
): { end: string | undefined; passesRoot: boolean } {
  // null stands where the parts of a link's target end.
  let left: (string | null)[] = path.split('/').filter((part) => part !== '');
  const done: string[] = [];
  let links = 0;
  let passesRoot = false;
  for (let part = left.shift(); part !== undefined; part = left.shift()) {
    if (part === null) passesRoot ||= done.length === 0 && left.some((each) => each !== null);
    if (part === null || part === '.' || part === '') continue;
    if (part === '..') {
      done.pop();
      continue;
    }
    const at = [...done, part].join('/');
    if (tree.entry(at)?.type !== 'symlink') {
      done.push(part);
      continue;
    }
    if (++links > 255) return { end: undefined, passesRoot };
    const target = tree.link(at);
    if (target.startsWith('/')) done.length = 0;
    left = [...target.split('/'), null, ...left];
  }
  return { end: done.join('/'), passesRoot };
}

/** Whether the link at `path` names something outside of the context. */
export function leadsOutside(tree: ContextTree, path: string): boolean {
  if (tree.entry(path)?.type !== 'symlink') return false;
  const target = tree.link(path);
  if (target.startsWith('/')) return true;
  let depth = path.split('/').length - 1;
  for (const part of target.split('/')) {
    if (part === '..') depth--;
    else if (part !== '.' && part !== '') depth++;
    if (depth < 0) return true;
  }
  return false;
}

/**
 * What BuildKit's client sends for a pattern, as patterns: the links that it meets are followed
 * before .dockerignore leaves anything out.
 *
 * @see https://github.com/tonistiigi/fsutil, FollowLinks
 */
export function sentPatterns(tree: ContextTree, pattern: string): string[] {
  const sent = new Set<string>();
  const append = (path: string): void => {
    const parts = path.split('/');
    for (let length = 1; length <= parts.length; length++) {
      const current = parts.slice(0, length).join('/');
      const targets = linkTargets(tree, current);
      const isEnd = length === parts.length || targets.length > 0;
      if (isEnd && sent.has(current)) return;
      if (isEnd) sent.add(current);
      const rest = parts.slice(length);
      for (const target of targets) append(contextPath([target, ...rest].join('/')));
      if (targets.length > 0) return;
    }
  };
  append(contextPath(pattern));
  return [...sent];
}

/** Where the links lead that a path or a pattern in its last part is. */
export function linkTargets(tree: ContextTree, path: string): string[] {
  const { dir, base } = posix.parse(path);
  const names = hasWildcards(base)
    ? tree.allNames(dir).filter((name) => matcher(base)(name))
    : [base];
  return names.flatMap((name) => {
    const at = posix.join(dir, name);
    return tree.isLink(at) ? posix.resolve('/', dir, tree.link(at)) : [];
  });
}
