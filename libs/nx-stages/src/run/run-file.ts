import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What Nx writes at the end of a run, as `run.json` in its cache. */
export interface RunFile {
  run: { startTime: string; endTime: string };
  tasks: RunFileTask[];
}

export interface RunFileTask {
  taskId: string;
  hash?: string;
  startTime: string;
  endTime: string;
  cacheStatus: 'cache-miss' | 'local-cache-hit' | 'remote-cache-hit';
  /** Absent for a task that was skipped. */
  status?: number;
}

/**
 * The last run that ended.
 *
 * @param cache Nx's own folder
 * @throws where there is none
 */
export function readRunFile(cache: string): RunFile {
  return JSON.parse(readFileSync(join(cache, 'run.json'), 'utf8')) as RunFile;
}

const OF_CACHE = {
  'cache-miss': 'success',
  'local-cache-hit': 'local-cache',
  'remote-cache-hit': 'remote-cache',
};

/** How a task ended, in Nx's own words. */
export function statusOf({ status, cacheStatus }: RunFileTask): string {
  if (status === undefined) return 'skipped';
  return status === 0 ? OF_CACHE[cacheStatus] : 'failure';
}
