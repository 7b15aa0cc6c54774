import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * A program of a Debian package, unpacked into the user's cache and not installed.
 *
 * @param path where it lies in the package: `usr/bin/docker-registry`
 * @param architecture another one than this machine's: `arm64`
 * @returns absolute
 */
export function debianProgram(name: string, path: string, architecture?: string): string {
  const home = architecture ? `${name}-${architecture}` : name;
  return join(debianFolder(home, [name], { holds: path, architecture }), path);
}

/**
 * Debian packages, unpacked into one folder of the user's cache and not installed.
 *
 * @param holds what is there when the folder is whole
 * @returns absolute
 */
export function debianFolder(
  name: string,
  packages: readonly string[],
  { holds, architecture }: { holds: string; architecture?: string | undefined },
): string {
  const cacheHome = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  const cache = join(cacheHome, 'excel2doc', 'tools');
  const home = join(cache, name);
  if (existsSync(join(home, holds))) return home;
  mkdirSync(cache, { recursive: true });
  const draft = mkdtempSync(`${home}-`);
  try {
    download(draft, packages, architecture);
    for (const file of readdirSync(draft).filter((each) => each.endsWith('.deb')))
      execFileSync('dpkg', ['-x', join(draft, file), draft]);
    if (!existsSync(home)) renameSync(draft, home);
  } catch (cause) {
    throw new Error(`nothing to test with: apt-get cannot fetch ${packages.join(', ')}`, { cause });
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return home;
}

/** The host's lists know its own architecture alone: another one gets lists for the moment. */
function download(
  folder: string,
  names: readonly string[],
  architecture: string | undefined,
): void {
  const apt = (...args: string[]) =>
    execFileSync('apt-get', ['-qq', ...args], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  if (!architecture) return void apt('download', ...names);
  const lists = join(folder, 'lists');
  mkdirSync(join(lists, 'partial'), { recursive: true });
  const other = [
    `APT::Architecture=${architecture}`,
    `APT::Architectures::=${architecture}`,
    `Dir::State::lists=${lists}`,
    'Dir::State::status=/dev/null',
    'APT::Sandbox::User=root',
    'Acquire::Languages=none',
  ].flatMap((setting) => ['-o', setting]);
  apt(...other, 'update');
  apt(...other, 'download', ...names);
  rmSync(lists, { recursive: true });
}
