import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { toolFolder } from './tool-folder.mjs';

/**
 * A program in Go, built once through the module proxy.
 *
 * @param {string} name of the program
 * @param {string} module with its version
 * @param {{ install: boolean }} options
 * @returns {string | null} its path; null when it is not there and cannot be built
 */
export function goProgram(name, module, { install }) {
  const file = join(toolFolder, name);
  if (existsSync(file) || !install) return existsSync(file) ? file : null;
  try {
    mkdirSync(toolFolder, { recursive: true });
    const env = { ...process.env, GOBIN: toolFolder, CGO_ENABLED: '0' };
    execFileSync('go', ['install', module], { env, stdio: 'pipe' });
    return file;
  } catch {
    return null;
  }
}

/**
 * Where a package of npm lies once it is installed by `npmPackage`.
 *
 * @param {string} name
 * @param {string} version
 */
export const npmHome = (name, version) => join(dirname(toolFolder), `${name}-${version}`);

/**
 * A package of npm with all that it needs, in the user's cache: whole or not at all.
 *
 * @param {string} name
 * @param {string} version
 * @returns {string} its folder
 */
export function npmPackage(name, version) {
  const home = npmHome(name, version);
  const folder = join(home, 'node_modules', name);
  if (existsSync(home)) return folder;
  mkdirSync(dirname(home), { recursive: true });
  const draft = mkdtempSync(`${home}-`);
  try {
    writeFileSync(join(draft, 'package.json'), '{ "private": true }');
    const options = ['--no-audit', '--no-fund', '--ignore-scripts'];
    execFileSync('npm', ['install', ...options, `${name}@${version}`], {
      cwd: draft,
      stdio: 'pipe',
    });
    renameSync(draft, home);
    return folder;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}
