import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TaskGraph } from '@nx/devkit';
import { cacheDir } from 'nx/src/utils/cache-directory';
import { type FinishedRun, imagesOf, keepRun, recordOf, runsFolder } from '@excel2doc/build-report';
import { checkedOutCommit } from '@excel2doc/stages';
import { readRunFile, type RunFile, statusOf } from './run-file';
import { readSaid, removeSaid } from './said';

const kept = new WeakSet<TaskGraph>();

/**
 * Has a record of this run of Nx kept for docker-report, when Nx ends. A hook of the plugin would do,
 * and would start its worker after every run, those included that made no image: a hasher is in Nx's
 * own process already.
 *
 * Whatever goes wrong here is no reason to fail a run: it is said with --verbose and that is all.
 */
export function keepRecord(taskGraph: TaskGraph, workspaceRoot: string): void {
  if (kept.has(taskGraph)) return;
  kept.add(taskGraph);
  const startTime = Date.now();
  process.once('exit', () => {
    try {
      const finished = finishedRun(taskGraph, cacheDir, startTime, (task) =>
        readSaid(workspaceRoot, process.pid, task),
      );
      removeSaid(workspaceRoot, process.pid);
      const run = finished && recordOf(finished, (task) => imagesOf(workspaceRoot, task));
      if (!run) return;
      const commit = checkedOutCommit(workspaceRoot);
      const remoteCache = Boolean(process.env['NX_SELF_HOSTED_REMOTE_CACHE_SERVER']);
      keepRun(runsFolder(workspaceRoot), { ...run, ...(commit && { commit }), remoteCache });
    } catch (error) {
      if (process.env['NX_VERBOSE_LOGGING'] !== 'true') return;
      process.stderr.write(
        `@excel2doc/nx-stages: this run is not kept for docker-report: ${error}\n`,
      );
    }
  });
}

/** Undefined where the file is of another run: two may end at one time. */
export function finishedRun(
  { tasks: graph }: Pick<TaskGraph, 'tasks'>,
  cache: string,
  startTime: number,
  saidOf: (taskId: string) => string | undefined = () => undefined,
): FinishedRun | undefined {
  const { run, tasks } = readRunFile(cache);
  const isOurs = ({ taskId, hash }: RunFile['tasks'][number]) => graph[taskId]?.hash === hash;
  if (!tasks.every(isOurs)) return undefined;
  const results = tasks.map((finished) => {
    const { taskId, hash } = finished;
    const { id, target, outputs } = graph[taskId]!;
    const task = {
      id,
      target,
      outputs,
      ...(hash !== undefined && { hash }),
      startTime: Date.parse(finished.startTime),
      endTime: Date.parse(finished.endTime),
    };
    const terminalOutput =
      saidOf(taskId) ?? (hash === undefined ? undefined : outputOf(cache, hash));
    return [taskId, { task, status: statusOf(finished), terminalOutput }] as const;
  });
  return {
    id: `${process.pid}`,
    taskResults: Object.fromEntries(results),
    argv: process.argv,
    startTime: Math.min(startTime, Date.parse(run.startTime)),
    endTime: Date.parse(run.endTime),
  };
}

function outputOf(cache: string, hash: string): string | undefined {
  try {
    return readFileSync(join(cache, 'terminalOutputs', hash), 'utf8');
  } catch {
    return undefined;
  }
}
