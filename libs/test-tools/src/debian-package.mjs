import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/**
 * A program of Debian's, installed when it is absent and we are root.
 *
 * @param {{ file: string, name: string }} what its path, and the package that it is in
 * @param {{ install: boolean }} options
 * @returns {string | null} the path; null when it is not there and cannot be installed
 */
export function findDebianProgram({ file, name }, { install }) {
  if (existsSync(file)) return file;
  if (!install || process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return null;
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  try {
    execFileSync('apt-get', ['update'], { env, stdio: 'pipe' });
    execFileSync('apt-get', ['install', '-y', '--no-install-recommends', name], {
      env,
      stdio: 'pipe',
    });
  } catch {
    return null;
  }
  return existsSync(file) ? file : null;
}
