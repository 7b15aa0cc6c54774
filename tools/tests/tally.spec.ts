import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { NxTask } from '../nx-run';
import { addTallies, summary, tallyOf } from './tally';
import type { FileReport, TestReport } from './vitest/report.mts';

const task = (taskId: string, more: Partial<NxTask> = {}): NxTask => ({
  taskId,
  projectName: taskId.split(':')[0] ?? '',
  target: taskId.split(':')[1] ?? '',
  startTime: '2026-01-01T00:00:00.000Z',
  endTime: '2026-01-01T00:00:09.000Z',
  cacheStatus: 'cache-miss',
  status: 0,
  ...more,
});

function workspaceWith(reports: Record<string, Partial<FileReport>[]>): string {
  const folder = mkdtempSync(join(tmpdir(), 'tally-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [name, files] of Object.entries(reports)) {
    const whole = files.map((file) => ({
      file: 'a.spec.ts',
      durationMs: 1500,
      passed: 0,
      failures: [],
      skips: [],
      ...file,
    }));
    const report: TestReport = { format: 1, files: whole, errors: [] };
    mkdirSync(dirname(join(folder, 'dist/tests', name)), { recursive: true });
    writeFileSync(join(folder, 'dist/tests', name), JSON.stringify(report));
  }
  return folder;
}

const result = (tasks: NxTask[], ok = true, output = '') => ({ tasks, ok, output });

test('adds up what passed, also of tasks that came from the cache', () => {
  const folder = workspaceWith({ 'a/test.json': [{ passed: 3 }], 'b/test.json': [{ passed: 4 }] });
  const tasks = [task('a:test'), task('b:test', { cacheStatus: 'local-cache-hit' })];
  const tally = tallyOf('test', result(tasks), folder);
  expect(tally).toMatchObject({ passed: 7, failed: [], skipped: [] });
  expect(tally.suites).toEqual([{ name: 'a.spec.ts', seconds: 1.5 }]);
});

test('a task that fails without a failing test is a failure by its name', () => {
  const folder = workspaceWith({});
  const { failed } = tallyOf('test', result([task('a:lint', { status: 1 })], false), folder);
  expect(failed).toEqual([{ where: 'a:lint', message: 'see tmp/logs/test.log' }]);
});

test('a run that fails before any task ran is a failure', () => {
  expect(tallyOf('test', result([], false), workspaceWith({})).failed).toHaveLength(1);
});

test("pytest's tests count with the others", () => {
  const output = 'backend:test: ==== 1 failed, 3 passed in 0.50s ====';
  const tasks = [task('backend:test', { status: 1 })];
  const tally = tallyOf('test', result(tasks, false, output), workspaceWith({}));
  expect(tally).toMatchObject({ passed: 3, failed: [{ where: 'a test of backend' }] });
});

test('closes with one line, after the reason of each skip and each failure', () => {
  const folder = workspaceWith({
    'a/test.json': [
      {
        passed: 2,
        skips: [{ name: 'one', reason: 'missing: x' }],
        failures: [{ name: 'two', message: 'not so' }],
      },
    ],
  });
  const tally = tallyOf('test', result([task('a:test', { status: 1 })], false), folder);
  expect(summary(addTallies([tally]))).toEqual([
    'The slowest suites:',
    '     1.5 s  a.spec.ts',
    'Skipped (missing: x):',
    '  a.spec.ts: one',
    '✗ a.spec.ts: two: not so',
    '2 passed, 1 failed, 1 skipped',
  ]);
});
