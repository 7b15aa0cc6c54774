import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A task of a run, as Nx keeps it in run.json of its cache. */
export interface NxTask {
  taskId: string;
  projectName: string;
  target: string;
  startTime: string;
  endTime: string;
  cacheStatus: 'cache-miss' | 'local-cache-hit' | 'remote-cache-hit';
  /** Its exit status. */
  status: number;
}

/** The tasks of the last run in `workspace` that ended after `sinceMs`; none where there was no such run. */
export function lastRun(workspace: string, sinceMs: number): NxTask[] {
  try {
    const file = join(workspace, '.nx/cache/run.json');
    const { run, tasks } = JSON.parse(readFileSync(file, 'utf8')) as {
      run: { endTime: string };
      tasks: NxTask[];
    };
    return Date.parse(run.endTime) >= sinceMs ? tasks : [];
  } catch {
    return [];
  }
}
