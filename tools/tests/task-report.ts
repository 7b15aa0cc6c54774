import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NxTask } from '../nx-run';
import type { TestReport } from './vitest/report.mts';

/** Where a task that tests leaves what came of it, also when it fails. */
export const reportPath = ({ projectName, target }: NxTask, workspace: string): string =>
  join(workspace, 'dist/tests', projectName, `${target}.json`);

/** Undefined where a task left none; of one that failed, also where it was cut off in the middle of it. */
export function readReport(task: NxTask, workspace: string): TestReport | undefined {
  try {
    return JSON.parse(readFileSync(reportPath(task, workspace), 'utf8')) as TestReport;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' || task.status !== 0) return undefined;
    throw error;
  }
}
