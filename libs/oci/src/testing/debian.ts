import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { toolFolder } from './tool-folder';

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
  const source = `apt-get cannot fetch ${packages.join(', ')}`;
  return toolFolder(name, { holds, source }, (folder) => {
    download(folder, packages, architecture);
    for (const file of readdirSync(folder).filter((each) => each.endsWith('.deb')))
      execFileSync('dpkg', ['-x', join(folder, file), folder]);
  });
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
