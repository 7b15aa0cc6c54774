import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * A program of a Debian package, unpacked into the user's cache and not installed.
 *
 * @param path where it lies in the package: `usr/bin/docker-registry`
 * @returns absolute
 */
export function debianProgram(name: string, path: string): string {
  const cacheHome = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  const cache = join(cacheHome, 'excel2doc', 'tools');
  const home = join(cache, name);
  const program = join(home, path);
  if (existsSync(program)) return program;
  mkdirSync(cache, { recursive: true });
  const draft = mkdtempSync(join(cache, `${name}-`));
  try {
    execFileSync('apt-get', ['download', '-qq', name], { cwd: draft });
    const archive = readdirSync(draft).find((file) => file.endsWith('.deb'))!;
    execFileSync('dpkg', ['-x', join(draft, archive), draft]);
    if (!existsSync(home)) renameSync(draft, home);
  } catch (cause) {
    throw new Error(`nothing to test with: apt-get cannot fetch ${name}`, { cause });
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return program;
}
