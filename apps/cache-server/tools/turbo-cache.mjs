import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { toolFolder } from './tool-folder.mjs';

/** The most used self-hosted cache of this kind on npm. */
export const turboCacheVersion = '2.12.0';
const main = 'node_modules/turborepo-remote-cache/dist/cli.js';

/**
 * turborepo-remote-cache, to measure against: from npm, into the user's cache.
 *
 * @returns {string} its main file
 */
export function findTurboCache() {
  const home = join(dirname(toolFolder), `turborepo-remote-cache-${turboCacheVersion}`);
  if (existsSync(home)) return join(home, main);
  mkdirSync(dirname(home), { recursive: true });
  const draft = mkdtempSync(`${home}-`);
  try {
    writeFileSync(join(draft, 'package.json'), '{ "private": true }');
    const options = ['--no-audit', '--no-fund', '--ignore-scripts'];
    const args = ['install', ...options, `turborepo-remote-cache@${turboCacheVersion}`];
    execFileSync('npm', args, { cwd: draft, stdio: 'pipe' });
    renameSync(draft, home);
    return join(home, main);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}
