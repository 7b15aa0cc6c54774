import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { NxTask } from '../nx-run';
import type { NxResult } from '../steps';
import { pytestCounts } from './pytest';
import { readReport, reportPath } from './task-report';
import type { FileReport, TestReport } from './vitest/report.mts';

/** More than this is no accident of a busy machine. */
const MOST_FILES = 10;

/**
 * Runs one task again, by itself.
 *
 * @param files absolute; all that it has where there are none
 */
export type RunTask = (task: NxTask, files: readonly string[]) => Promise<NxResult>;

/**
 * Gives the spec files that failed a second chance, alone on the machine. What passes then is flaky:
 * it counts as passed, and its report keeps what had failed. A task that does not test is judged by
 * its first run, and so is one with more than 10 failing files.
 *
 * @returns `result` with status 0 for each task of which no failure is left; the reports in dist/tests
 * are then those of both runs
 */
export async function secondLook(
  result: NxResult,
  workspace: string,
  run: RunTask,
): Promise<NxResult> {
  const tasks: NxTask[] = [];
  let { output } = result;
  for (const task of result.tasks) {
    if (task.status === 0) {
      tasks.push(task);
      continue;
    }
    const path = reportPath(task, workspace);
    const isOfTask = (line: string) => line.startsWith(`${task.projectName}: `);
    const lines = output.split('\n');
    const report = readReport(task, workspace);
    let passes = false;
    if (report) passes = await specsPass(task, { report, workspace, run });
    else if (pytestCounts(lines.filter(isOfTask).join('\n')).failed > 0) {
      const again = await run(task, []);
      // Its counts are all in what it prints: those of one run are to be added up, not of both.
      output = [...lines.filter((line) => !isOfTask(line)), again.output].join('\n');
      passes = again.ok;
      if (passes) write(path, { format: 1, files: [flakyTask(task)], errors: [] });
    }
    tasks.push(passes ? { ...task, status: 0 } : task);
  }
  const ok = tasks.length > 0 && tasks.every(({ status }) => status === 0);
  return { output, tasks, ok: result.ok || ok };
}

interface Specs {
  report: TestReport;
  workspace: string;
  run: RunTask;
}

async function specsPass(task: NxTask, { report, workspace, run }: Specs): Promise<boolean> {
  const failed = report.files.filter(({ failures }) => failures.length > 0);
  if (report.errors.length > 0 || failed.length === 0 || failed.length > MOST_FILES) return false;
  const again = await run(
    task,
    failed.map(({ file }) => join(workspace, file)),
  );
  const second = readReport(task, workspace) ?? report;
  const files = report.files.map((file) => {
    const now = second.files.find((each) => each.file === file.file);
    return file.failures.length > 0 && now && hasPassed(now)
      ? { ...now, flaky: file.failures }
      : file;
  });
  write(reportPath(task, workspace), { ...report, files, errors: second.errors });
  const left = files.some(({ failures }) => failures.length > 0) || second.errors.length > 0;
  return again.ok && !left;
}

/** One that was skipped whole, for want of time, has not passed. */
const hasPassed = (file: FileReport) => file.failures.length === 0 && file.passed > 0;

const flakyTask = ({ taskId, startTime, endTime }: NxTask): FileReport => ({
  file: taskId,
  durationMs: Date.parse(endTime) - Date.parse(startTime),
  passed: 0,
  failures: [],
  skips: [],
  flaky: [{ name: 'some of its tests', message: 'see the log of its first run' }],
});

function write(path: string, report: TestReport): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(report, undefined, 1)}\n`);
}
