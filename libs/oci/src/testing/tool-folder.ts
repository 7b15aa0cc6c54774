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
 * @throws Error naming `source`, where it cannot be filled, or is without what it holds
 */
export function toolFolder(
  name: string,
  tool: { holds: string; source: string },
  fill: (folder: string) => void,
): string {
  const home = toolPath(name);
  const isWhole = (folder: string) => existsSync(join(folder, tool.holds));
  if (isWhole(home)) return home;
  try {
    const make = (draft: string) => {
      fill(draft);
      if (!isWhole(draft)) throw new Error(`${tool.holds} is not in what came`);
      return draft;
    };
    return putWhole(home, make, isWhole);
  } catch (cause) {
    throw new Error(`nothing to test with: ${tool.source}`, { cause });
  }
}

/**
 * Puts at `path` what `make` makes in a folder that it is given, and says where in it that lies. What
 * another process has put there meanwhile stays, what is not whole does not.
 *
 * @returns `path`
 */
export function putWhole(
  path: string,
  make: (draft: string) => string,
  isWhole: (path: string) => boolean = existsSync,
): string {
  mkdirSync(dirname(path), { recursive: true });
  const draft = mkdtempSync(`${path}-`);
  try {
    const made = make(draft);
    if (!isWhole(path)) {
      // A folder is not renamed to one that has something in it.
      rmSync(path, { recursive: true, force: true });
      renameSync(made, path);
    }
    return path;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}
