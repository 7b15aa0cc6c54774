import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { toolFolder } from './tool-folder.mjs';

const version = '3.35.0';
const main = 'node_modules/azurite/dist/src/blob/main.js';

/**
 * Azurite, Microsoft's own emulator of Azure Storage, for tests only: from npm, into the user's cache.
 *
 * @param {{ install: boolean }} options
 * @returns {string | null} the main file of its blob server; null when it is not there
 */
export function findAzureServer({ install }) {
  const home = join(dirname(toolFolder), `azurite-${version}`);
  if (existsSync(home) || !install) return existsSync(home) ? join(home, main) : null;
  mkdirSync(dirname(home), { recursive: true });
  const draft = mkdtempSync(`${home}-`);
  try {
    writeFileSync(join(draft, 'package.json'), '{ "private": true }');
    const options = ['--no-audit', '--no-fund', '--ignore-scripts'];
    execFileSync('npm', ['install', ...options, `azurite@${version}`], {
      cwd: draft,
      stdio: 'pipe',
    });
    renameSync(draft, home);
    return join(home, main);
  } catch {
    return null;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}
