import type { NxTask } from '../nx-run';
import type { NxResult } from '../steps';
import { pytestCounts } from './pytest';
import { readReport } from './task-report';

export interface Failure {
  where: string;
  message: string;
}

/** What a run, or several, came to. */
export interface Tally {
  passed: number;
  failed: Failure[];
  /** What failed, and passed when it was run again; among the passed too. */
  flaky: Failure[];
  skipped: { where: string; reason: string }[];
  /** What took its time, not what came from the cache. */
  suites: { name: string; seconds: number }[];
}

export const emptyTally = (): Tally => ({
  passed: 0,
  failed: [],
  flaky: [],
  skipped: [],
  suites: [],
});

export function addTallies(tallies: readonly Tally[]): Tally {
  return {
    passed: tallies.reduce((sum, { passed }) => sum + passed, 0),
    failed: tallies.flatMap(({ failed }) => failed),
    flaky: tallies.flatMap(({ flaky }) => flaky),
    skipped: tallies.flatMap(({ skipped }) => skipped),
    suites: tallies.flatMap(({ suites }) => suites),
  };
}

/** @param name of its log: tmp/logs/<name>.log */
export function tallyOf(name: string, result: NxResult, workspace: string): Tally {
  const tally = addTallies(result.tasks.map((task) => ofTask(task, name, result, workspace)));
  if (!result.ok && tally.failed.length === 0)
    tally.failed.push({ where: name, message: `Nx failed; see tmp/logs/${name}.log` });
  return tally;
}

function ofTask(task: NxTask, name: string, result: NxResult, workspace: string): Tally {
  const tally = emptyTally();
  const report = readReport(task, workspace);
  const ran = task.cacheStatus === 'cache-miss';
  for (const file of report?.files ?? []) {
    tally.passed += file.passed;
    for (const { name: test, message } of file.failures)
      tally.failed.push({ where: `${file.file}: ${test}`, message });
    for (const { name: test, message } of file.flaky ?? [])
      tally.flaky.push({ where: `${file.file}: ${test}`, message });
    for (const { name: test, reason } of file.skips)
      tally.skipped.push({ where: `${file.file}: ${test}`, reason });
    if (ran) tally.suites.push({ name: file.file, seconds: file.durationMs / 1000 });
  }
  for (const message of report?.errors ?? []) tally.failed.push({ where: task.taskId, message });
  if (task.taskId === 'backend:test') {
    const { passed, failed, skips } = pytestCounts(result.output);
    tally.passed += passed;
    const message = `see tmp/logs/${name}.log`;
    for (let at = 0; at < failed; at++) tally.failed.push({ where: 'a test of backend', message });
    for (const { name: where, reason } of skips) tally.skipped.push({ where, reason });
  }
  if (task.status !== 0 && tally.failed.length === 0)
    tally.failed.push({ where: task.taskId, message: `see tmp/logs/${name}.log` });
  if (ran && !report) {
    const seconds = (Date.parse(task.endTime) - Date.parse(task.startTime)) / 1000;
    tally.suites.push({ name: task.taskId, seconds });
  }
  return tally;
}

const SHOWN = 10;

/** Where the time went, why which test was skipped, what failed, once or twice; the closing line is the last. */
export function summary({ passed, failed, flaky, skipped, suites }: Tally): string[] {
  const slowest = [...suites].sort((one, other) => other.seconds - one.seconds).slice(0, SHOWN);
  const reasons = new Map<string, string[]>();
  for (const { where, reason } of skipped)
    reasons.set(reason, [...(reasons.get(reason) ?? []), where]);
  return [
    ...(slowest.length > 0 ? ['The slowest suites:'] : []),
    ...slowest.map(({ name, seconds }) => `${seconds.toFixed(1).padStart(8)} s  ${name}`),
    ...[...reasons].flatMap(([reason, where]) => [
      `Skipped (${reason}):`,
      ...where.map((each) => `  ${each}`),
    ]),
    ...flaky.map(({ where, message }) => `Flaky, passed when run again: ${where}: ${message}`),
    ...failed.map(({ where, message }) => `✗ ${where}: ${message}`),
    `${passed} passed, ${failed.length} failed, ${skipped.length} skipped`,
  ];
}
