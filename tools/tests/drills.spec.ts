import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { workspaceRoot } from '../workspace';

const tracked = execFileSync(
  'git',
  ['ls-files', '-z', '--cached', '--others', '--exclude-standard'],
  { cwd: workspaceRoot, encoding: 'utf8' },
).split('\0');

/** The drills of a guide: the test that each names, and when it passed. */
function drillsOf(guide: string, heading: string) {
  const text = readFileSync(join(workspaceRoot, 'docs', guide), 'utf8');
  const [, section = ''] = text.split(`\n## ${heading}\n`);
  const rows = section.split('\n').filter((line) => line.startsWith('|'));
  return rows.slice(2).map((row) => {
    const [, , test = '', , date = ''] = row.split('|').map((cell) => cell.trim());
    return { test: test.replaceAll('`', ''), date };
  });
}

const drills = drillsOf('maintenance.md', 'Drills');

test('there are drills', () => {
  expect(drills.length).toBeGreaterThan(5);
});

test.each(drills)('the test $test is there, and one file of this name alone', ({ test, date }) => {
  const found = tracked.filter((path) => `/${path}`.endsWith(`/${test}`));
  const isFolder = tracked.some(
    (path) => path.startsWith(`${test}/`) && /test_|\.spec\./.test(path),
  );
  expect(isFolder ? [test] : found, `docs/maintenance.md names ${test}`).toHaveLength(1);
  expect(date).toMatch(/^20\d\d-\d\d-\d\d$/);
});

test('both guides have the same drills', () => {
  expect(drillsOf('maintenance.zh-CN.md', '演练记录')).toEqual(drills);
});
