import { join } from 'node:path';
import { type RunnerTestFile, type RunnerTestSuite, TestRunner } from 'vitest';
import { expectedSeconds, recordedSeconds } from './takes.mts';

const workspace = join(import.meta.dirname, '../../..');

/**
 * Starts a spec only while what it takes still fits before TEST_DEADLINE_MS (since 1970); what does
 * not fit is skipped by name, hooks and all.
 */
export default class BudgetRunner extends TestRunner {
  override onCollectStart(file: RunnerTestFile): void {
    super.onCollectStart(file);
    const deadlineMs = Number(process.env['TEST_DEADLINE_MS']);
    if (!deadlineMs) return;
    const seconds = expectedSeconds(file.filepath, workspace, recordedSeconds());
    const left = Math.max(Math.round((deadlineMs - Date.now()) / 1000), 0);
    if (seconds > left)
      file.meta.skipped = `it takes about ${seconds} s, of which the budget has ${left} s left`;
  }

  onCollected(files: RunnerTestFile[]): void {
    for (const file of files) if (file.meta.skipped) skip(file);
  }
}

function skip(suite: RunnerTestSuite): void {
  suite.mode = 'skip';
  for (const task of suite.tasks) {
    task.mode = 'skip';
    if (task.type === 'suite') skip(task);
  }
}

declare module 'vitest' {
  interface TaskMeta {
    /** Why a whole file was skipped. */
    skipped?: string;
  }
}
