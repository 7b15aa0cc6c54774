/**
 * What `nx release publish` runs: gives the package to npm, with the options that Nx hands over. It is
 * built here: within `nx release` a task's key is made of the files as they were before the version
 * was written, and the cache would give back the package of the version before.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { buildPackage } from './build.mjs';

const { values } = parseArgs({ strict: false });
const options = ['registry', 'tag', 'otp', 'access'].flatMap((name) =>
  values[name] === undefined ? [] : [`--${name}=${values[name]}`],
);
// Of the two ways that Nx says it, either counts: a real publication cannot be taken back.
if (values['dryRun'] || process.env['NX_DRY_RUN'] === 'true') options.push('--dry-run');
const cwd = fileURLToPath(new URL('../../dist/libs/nx-stages', import.meta.url));
await buildPackage(cwd);
const { status } = spawnSync('npm', ['publish', ...options], { cwd, stdio: 'inherit' });
process.exitCode = status ?? 1;
