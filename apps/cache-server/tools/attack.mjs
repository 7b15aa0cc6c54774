import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Runs every test file that test/attack/points.md names, each once, whatever its kind. */
const home = fileURLToPath(new URL('..', import.meta.url));
const workspace = fileURLToPath(new URL('../../..', import.meta.url));
const vitest = `${workspace}/node_modules/vitest/vitest.mjs`;
const table = readFileSync(`${home}/test/attack/points.md`, 'utf8');
const named = table.matchAll(/(?<= )(src|test|tools)\/[\w/.-]+?\.(?:spec|e2e)\.ts(?=:)/g);
const files = new Set([...named].map(([file]) => file));
const inTools = [...files].filter((file) => file.startsWith('tools/'));

/**
 * @param {string} folder of the project that they belong to
 * @param {string[]} specs relative to it
 * @returns {number} its exit status
 */
function run(folder, specs) {
  const args = [vitest, 'run', ...process.argv.slice(2), ...specs];
  return spawnSync(process.execPath, args, { cwd: folder, stdio: 'inherit' }).status ?? 1;
}

const statuses = [
  run(
    home,
    [...files].filter((file) => !inTools.includes(file)),
  ),
  run(
    `${workspace}/tools`,
    inTools.map((file) => file.slice('tools/'.length)),
  ),
];
process.exitCode = Math.max(...statuses);
