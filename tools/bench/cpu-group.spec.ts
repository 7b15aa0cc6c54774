import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { CpuGroup } from './cpu-group';

test('counts a process that nobody waited for', async ({ skip }) => {
  const group = CpuGroup.make();
  if (!group) return skip('this user can make no control group');
  // Some hundred thousand steps, in a process that outlives the one that started it.
  const work = 'for i in {1..200000}; do :; done';
  execFileSync('bash', ['-c', `echo $$ > ${group.procs}; (${work}) >/dev/null 2>&1 & exit 0`]);
  expect(await group.end()).toBeGreaterThan(50);
});
