import type { ContextTree } from './tree';

/**
 * `path` with its symbolic links followed, as if the context were the root of the file system: a
 * link can't lead out of it. Parts that don't exist stay as they are.
 *
 * @returns `undefined` for links that run in a circle
 * @see https://github.com/containerd/continuity, fs.RootPath
 */
export function followLinks(tree: ContextTree, path: string): string | undefined {
  let left = path.split('/').filter((part) => part !== '');
  const done: string[] = [];
  let links = 0;
  for (let part = left.shift(); part !== undefined; part = left.shift()) {
    if (part === '.' || part === '') continue;
    if (part === '..') {
      done.pop();
      continue;
    }
    const at = [...done, part].join('/');
    if (tree.entry(at)?.type !== 'symlink') {
      done.push(part);
      continue;
    }
    if (++links > 255) return undefined;
    const target = tree.link(at);
    if (target.startsWith('/')) done.length = 0;
    left = [...target.split('/'), ...left];
  }
  return done.join('/');
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
