import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

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
  const cacheHome = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  const home = join(cacheHome, 'excel2doc', 'tools', name);
  if (existsSync(join(home, tool.holds))) return home;
  mkdirSync(join(home, '..'), { recursive: true });
  const draft = mkdtempSync(`${home}-`);
  try {
    fill(draft);
    if (!existsSync(home)) renameSync(draft, home);
  } catch (cause) {
    throw new Error(`nothing to test with: ${tool.source}`, { cause });
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return home;
}
