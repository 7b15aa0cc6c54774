/**
 * `npx nx run bench:check`: fails where a goal that a committed table met is missed in the one that
 * lies there now.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { workspaceRoot } from '../workspace';
import { lostGoals } from './loop-table';

const paths = ['docs/benchmarks/loop.json', 'docs/benchmarks/watch.json'];
const lost = paths.flatMap((path) => {
  const committed = execFileSync('git', ['show', `HEAD:${path}`], {
    cwd: workspaceRoot,
    encoding: 'utf8',
  });
  const now = readFileSync(join(workspaceRoot, path), 'utf8');
  return lostGoals(JSON.parse(committed), JSON.parse(now));
});
for (const each of lost) console.error(`✗ ${each}`);
if (lost.length > 0) process.exitCode = 1;
else console.log('✓ no goal that was met is missed');
