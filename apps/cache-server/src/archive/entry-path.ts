/**
 * Why Nx must not unpack `path` into a workspace, or null when it may.
 *
 * Backslashes count as separators, and drive letters as absolute: the archive may be unpacked on
 * Windows. `.git` is never an output, and a hook in it would run.
 */
export function refusedPath(path: string): string | null {
  if (path === '') return 'an entry without a name';
  if (path.includes('\0')) return 'a name with a NUL byte';
  if (/^[\\/]/.test(path) || /^[A-Za-z]:/.test(path)) return 'an absolute path';
  const parts = pathParts(path);
  if (parts.includes('..')) return 'a path through ..';
  if (parts[0]?.toLowerCase() === '.git') return 'a path into .git';
  return null;
}

/**
 * Why a symbolic link at `path` must not point to `target`, or null when it may.
 *
 * A target is let through when it is `../` a number of times and then plain names: a `..` behind a
 * name could climb from wherever that name, being a link itself, leads.
 */
export function refusedLink(path: string, target: string): string | null {
  if (target === '') return 'a link without a target';
  if (target.includes('\0')) return 'a link target with a NUL byte';
  if (/^[\\/]/.test(target) || /^[A-Za-z]:/.test(target)) return 'a link to an absolute path';
  const parts = pathParts(target);
  const firstName = parts.findIndex((part) => part !== '..');
  const climbs = firstName === -1 ? parts.length : firstName;
  if (parts.lastIndexOf('..') >= climbs) return 'a link target with .. behind a name';
  if (climbs > pathParts(path).length - 1) return 'a link out of the workspace';
  return null;
}

/** The components of a path, less the empty ones and `.`. */
export function pathParts(path: string): string[] {
  return path.split(/[\\/]+/).filter((part) => part !== '' && part !== '.');
}
