import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Runs every test file of this app that test/attack/points.md names, each once, whatever its kind. */
const home = fileURLToPath(new URL('..', import.meta.url));
const table = readFileSync(`${home}/test/attack/points.md`, 'utf8');
const named = table.matchAll(/(?<= )(?:src|test)\/[\w/.-]+?\.(?:spec|e2e)\.ts(?=:)/g);
const files = [...new Set([...named].map(([file]) => file))];
const vitest = fileURLToPath(new URL('../../../node_modules/vitest/vitest.mjs', import.meta.url));
const args = [vitest, 'run', ...process.argv.slice(2), ...files];
process.exitCode = spawnSync(process.execPath, args, { cwd: home, stdio: 'inherit' }).status ?? 1;
