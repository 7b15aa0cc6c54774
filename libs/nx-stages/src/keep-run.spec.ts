import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readRuns, runsFolder } from '@excel2doc/build-report';
import type { PostTasksExecutionContext } from '@nx/devkit';
import { expect, onTestFinished, test } from 'vitest';
import { postTasksExecution } from './keep-run';

test('a run that made an image is kept, and the hook never fails a run', () => {
  const folder = mkdtempSync(join(tmpdir(), 'keep-run-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const task = {
    id: 'api:docker-build',
    target: { project: 'api', target: 'docker-build' },
    outputs: [],
    overrides: {},
    parallelism: true,
  };
  const run = {
    id: '7',
    taskResults: { [task.id]: { task, status: 'success', code: 0 } },
    argv: ['node', 'nx', 'run', 'api:docker-build'],
    startTime: 1000,
    endTime: 9000,
  };
  const hook = (workspaceRoot: string) =>
    postTasksExecution(undefined, {
      ...run,
      workspaceRoot,
      nxJsonConfiguration: {},
    } as unknown as PostTasksExecutionContext);
  hook(folder);
  expect(readRuns(runsFolder(folder))).toHaveLength(1);
  writeFileSync(join(folder, 'file'), '');
  expect(() => hook(join(folder, 'file'))).not.toThrow();
});
