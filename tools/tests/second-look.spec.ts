import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { NxTask } from '../nx-run';
import type { NxResult } from '../steps';
import { type RunTask, secondLook } from './second-look';
import { tallyOf } from './tally';
import type { FileReport, TestReport } from './vitest/report.mts';

const task: NxTask = {
  taskId: 'a:test',
  projectName: 'a',
  target: 'test',
  startTime: '2026-01-01T00:00:00.000Z',
  endTime: '2026-01-01T00:00:09.000Z',
  cacheStatus: 'cache-miss',
  status: 1,
};

const failures = [{ name: 'two', message: 'not so' }];

const file = (name: string, more: Partial<FileReport> = {}): FileReport => ({
  file: name,
  durationMs: 1,
  passed: 1,
  failures: [],
  skips: [],
  ...more,
});

function reportIn(workspace: string, files: FileReport[], errors: string[] = []): void {
  const path = join(workspace, 'dist/tests/a/test.json');
  const report: TestReport = { format: 1, files, errors };
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, JSON.stringify(report));
}

/** What the gate counts after a first run with `first`, and a second one that leaves `second`. */
async function gate(
  first: { files?: FileReport[]; errors?: string[]; output?: string; task?: NxTask },
  second: { files?: FileReport[]; errors?: string[]; output?: string; ok: boolean },
) {
  const workspace = mkdtempSync(join(tmpdir(), 'second-look-'));
  onTestFinished(() => rmSync(workspace, { recursive: true }));
  const asked: (readonly string[])[] = [];
  const run: RunTask = (_, files) => {
    asked.push(files.map((each) => each.slice(workspace.length + 1)));
    if (second.files) reportIn(workspace, second.files, second.errors);
    return Promise.resolve({ ok: second.ok, output: second.output ?? '', tasks: [] });
  };
  if (first.files) reportIn(workspace, first.files, first.errors);
  const tasks = [first.task ?? task];
  const before: NxResult = { ok: false, output: first.output ?? '', tasks };
  const result = await secondLook(before, workspace, run);
  return { asked, ok: result.ok, ...tallyOf('test', result, workspace) };
}

test('what passes alone is flaky: it is counted as passed, and named', async () => {
  const first = [file('a.spec.ts', { passed: 3 }), file('b.spec.ts', { failures })];
  const now = await gate({ files: first }, { files: [file('b.spec.ts', { passed: 2 })], ok: true });
  expect(now).toMatchObject({ asked: [['b.spec.ts']], ok: true, passed: 5, failed: [] });
  expect(now.flaky).toEqual([{ where: 'b.spec.ts: two', message: 'not so' }]);
});

test('what fails twice has failed, beside what does not', async () => {
  const first = [file('a.spec.ts', { failures }), file('b.spec.ts', { failures })];
  const second = [file('a.spec.ts'), file('b.spec.ts', { failures })];
  const now = await gate({ files: first }, { files: second, ok: false });
  expect(now).toMatchObject({ ok: false, failed: [{ where: 'b.spec.ts: two' }] });
  expect(now.flaky).toMatchObject([{ where: 'a.spec.ts: two' }]);
});

test.each([
  ['a second run that ended before it wrote a report', { ok: false }],
  ['a second run that passes and does not end well', { files: [file('a.spec.ts')], ok: false }],
  ['one that was skipped', { files: [file('a.spec.ts', { passed: 0 })], ok: true }],
  ['an error outside of a test', { files: [file('a.spec.ts')], errors: ['x'], ok: true }],
])('is no success: %s', async (_, second) => {
  const now = await gate({ files: [file('a.spec.ts', { failures })] }, second);
  expect(now.ok).toBe(false);
  expect(now.failed).not.toEqual([]);
});

test.each([
  ['too many files for an accident', Array.from({ length: 11 }, () => file('a', { failures })), []],
  ['an error outside of any test', [file('a', { failures })], ['unhandled']],
])('is not run again: %s', async (_, files, errors) => {
  const now = await gate({ files, errors }, { ok: true });
  expect(now).toMatchObject({ asked: [], ok: false });
});

test('a task that does not test is judged by its first run', async () => {
  const lint = { ...task, taskId: 'a:lint', target: 'lint' };
  expect(await gate({ task: lint, output: 'a: no' }, { ok: true })).toMatchObject({ asked: [] });
});

test("pytest's tests are run again whole, and counted once", async () => {
  const backend = { ...task, taskId: 'backend:test', projectName: 'backend' };
  const output = 'x: 9 passed in 1s\nbackend: = 1 failed, 3 passed in 0.50s =';
  const passes = { output: 'backend: = 4 passed in 0.50s =', ok: true };
  const now = await gate({ task: backend, output }, passes);
  expect(now).toMatchObject({ asked: [[]], ok: true, failed: [] });
  expect(now.flaky).toMatchObject([{ where: 'backend:test: some of its tests' }]);
  const fails = { output: 'backend: = 1 failed, 3 passed in 0.50s =', ok: false };
  expect(await gate({ task: backend, output }, fails)).toMatchObject({ ok: false });
});
