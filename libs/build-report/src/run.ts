import type { Transfer } from '@excel2doc/stages';

/** How a task came out, without the difference between the ways in which Nx restores from its cache. */
export type Outcome = 'built' | 'local-hit' | 'remote-hit' | 'failed' | 'skipped';

/** What a stage's output was when the run ended. */
export interface BuiltImage {
  stage: string;
  platform: string;
  digest: string;
  sizeBytes: number;
  /** The layers that the stage itself holds. */
  ownSizeBytes: number;
}

export interface TaskRecord {
  id: string;
  project: string;
  target: string;
  outcome: Outcome;
  /** Since the run's start. */
  startMs: number;
  durationMs: number;
  hash?: string;
  images?: BuiltImage[];
  transfer?: Transfer;
}

/** One run of Nx that had docker tasks: the content of a file in `runsFolder`. */
export interface RunRecord {
  format: 1;
  id: string;
  /** ISO 8601. */
  at: string;
  durationMs: number;
  /** What was typed, from the name of the program on. */
  command: string;
  commit?: string;
  /** Was a self-hosted remote cache set? */
  remoteCache?: boolean;
  tasks: TaskRecord[];
  /** Tasks that were left out because there were too many. */
  omitted: number;
}

/** Targets that only look or plan: a run that has no others is not worth a record. */
const READERS = new Set(
  ['plan', 'explain', 'report', 'lock', 'audit'].map((name) => `docker-${name}`),
);

/** Is it a target that this plugin makes for a Dockerfile? */
export function isDockerTarget(target: string): boolean {
  return target.startsWith('docker-');
}

/** Does the target make or move an image? */
export function makesImage(target: string): boolean {
  return isDockerTarget(target) && !READERS.has(target);
}

/** @returns undefined for what is no record of this format */
export function parseRun(text: string): RunRecord | undefined {
  try {
    const run = JSON.parse(text) as RunRecord;
    return run?.format === 1 && Array.isArray(run.tasks) ? run : undefined;
  } catch {
    return undefined;
  }
}
