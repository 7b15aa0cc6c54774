import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

/** Where the user's cache keeps what tests need. */
export function toolPath(...names: string[]): string {
  const cacheHome = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  return join(cacheHome, 'excel2doc', 'tools', ...names);
}

/**
 * A folder of the user's cache with a program that tests need, filled the first time. Whole or not at
 * all, also where two processes fill it at once.
 *
 * @param tool `holds`: what is there when the folder is whole; `source`: who brings it, for the error
 * @returns absolute
 */
export function toolFolder(
  name: string,
  tool: { holds: string; source: string },
  fill: (folder: string) => void,
): string {
  const home = toolPath(name);
  if (existsSync(join(home, tool.holds))) return home;
  try {
    return putWhole(home, (draft) => {
      fill(draft);
      return draft;
    });
  } catch (cause) {
    throw new Error(`nothing to test with: ${tool.source}`, { cause });
  }
}

/**
 * Puts at `path` what `make` makes in a folder that it is given, and says where in it that lies. What
 * another process has put there meanwhile stays.
 *
 * @returns `path`
 */
export function putWhole(path: string, make: (draft: string) => string): string {
  mkdirSync(dirname(path), { recursive: true });
  const draft = mkdtempSync(`${path}-`);
  try {
    const made = make(draft);
    if (!existsSync(path)) renameSync(made, path);
    return path;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}
