/**
 * `npx nx run bench:check`: fails where a goal that the committed docs/benchmarks/loop.json met is
 * missed in the one that lies there now.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { workspaceRoot } from '../workspace';
import { type LoopReport, lostGoals } from './loop-table';

const path = 'docs/benchmarks/loop.json';
const committed = execFileSync('git', ['show', `HEAD:${path}`], {
  cwd: workspaceRoot,
  encoding: 'utf8',
});
const now = readFileSync(join(workspaceRoot, path), 'utf8');
const lost = lostGoals(JSON.parse(committed) as LoopReport, JSON.parse(now) as LoopReport);
for (const each of lost) console.error(`✗ ${each}`);
if (lost.length > 0) process.exitCode = 1;
else console.log('✓ no goal that was met is missed');
