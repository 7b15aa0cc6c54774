import { readFileSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { transferOf } from '@excel2doc/stages';
import {
  type BuiltImage,
  type Outcome,
  type RunRecord,
  type TaskRecord,
  isDockerTarget,
  makesImage,
} from './run';

/** A waterfall of more tasks than this is not looked at. */
const MOST_TASKS = 200;

const OUTCOMES: Record<string, Outcome> = {
  success: 'built',
  failure: 'failed',
  'local-cache': 'local-hit',
  'local-cache-kept-existing': 'local-hit',
  'remote-cache': 'remote-hit',
};

/** A task of a run, as Nx tells of it. */
export interface FinishedTask {
  id: string;
  target: { project: string; target: string };
  outputs: readonly string[];
  hash?: string;
  startTime?: number;
  endTime?: number;
}

/** A run, as Nx tells of it when it ends. Times are milliseconds since 1970. */
export interface FinishedRun {
  id: string;
  taskResults: Record<
    string,
    { task: FinishedTask; status: string; terminalOutput?: string | undefined }
  >;
  argv: readonly string[];
  startTime: number;
  endTime: number;
}

/**
 * What is worth keeping of a run; undefined when nothing in it made an image.
 *
 * @param imagesOf what a stage's outputs hold now
 */
export function recordOf(
  run: FinishedRun,
  imagesOf: (task: FinishedTask) => BuiltImage[],
): RunRecord | undefined {
  const results = Object.values(run.taskResults);
  if (!results.some(({ task }) => makesImage(task.target.target))) return undefined;
  const tasks = results.map((result) => taskRecord(result, run.startTime, imagesOf));
  const kept = keepMost(tasks);
  return {
    format: 1,
    id: run.id,
    at: new Date(run.startTime).toISOString(),
    durationMs: run.endTime - run.startTime,
    command: commandOf(run.argv),
    tasks: kept,
    omitted: tasks.length - kept.length,
  };
}

/**
 * What is worth keeping of a task.
 *
 * @param startTime of the run that it is a part of: milliseconds since 1970
 */
export function taskRecord(
  { task, status, terminalOutput }: FinishedRun['taskResults'][string],
  startTime: number,
  imagesOf: (task: FinishedTask) => BuiltImage[],
): TaskRecord {
  const { project, target } = task.target;
  const startMs = Math.max(0, (task.startTime ?? startTime) - startTime);
  const outcome = OUTCOMES[status] ?? 'skipped';
  // What lies there after a failure is from before it.
  const made = makesImage(target) && !['failed', 'skipped'].includes(outcome);
  const images = made ? imagesOf(task) : [];
  const transfer = made ? transferOf(terminalOutput ?? '') : undefined;
  return {
    id: task.id,
    project,
    target,
    outcome,
    startMs,
    durationMs: Math.max(0, (task.endTime ?? task.startTime ?? 0) - (task.startTime ?? 0)),
    ...(task.hash && { hash: task.hash }),
    ...(images.length > 0 && { images }),
    ...(transfer && { transfer }),
  };
}

/** All docker tasks and the longest others, in the order of their start. */
function keepMost(tasks: TaskRecord[]): TaskRecord[] {
  const [docker, others] = [true, false].map((wanted) =>
    tasks.filter(({ target }) => isDockerTarget(target) === wanted),
  ) as [TaskRecord[], TaskRecord[]];
  others.sort((one, other) => other.durationMs - one.durationMs);
  const room = Math.max(0, MOST_TASKS - docker.length);
  return [...docker, ...others.slice(0, room)].sort((one, other) => one.startMs - other.startMs);
}

const SECRET = /^--[\w.-]*(token|password|secret|key|buildArgs)/i;

/** `nx run backend:docker-build`; the values of options that may hold a secret are left out. */
export function commandOf(argv: readonly string[]): string {
  const words = argv.slice(2).map((word, at, all) => {
    if (SECRET.test(word)) return word.replace(/=.*/s, '=…');
    const before = all[at - 1] ?? '';
    const isValue = SECRET.test(before) && !before.includes('=') && !word.startsWith('-');
    return isValue ? '…' : word;
  });
  return ['nx', ...words].join(' ').slice(0, 300);
}

/** Reads the `image.json` of a stage task: one small file a platform. */
export function imagesOf(workspaceRoot: string, task: Pick<FinishedTask, 'outputs'>): BuiltImage[] {
  return task.outputs.flatMap((output) => {
    const folder = join(workspaceRoot, output);
    return platformFolders(folder).flatMap((platform): BuiltImage[] => {
      try {
        const text = readFileSync(join(folder, platform, 'image.json'), 'utf8');
        const { digest, sizeBytes, ownSizeBytes, platform: name } = JSON.parse(text);
        return [{ stage: basename(output), platform: name, digest, sizeBytes, ownSizeBytes }];
      } catch {
        return [];
      }
    });
  });
}

function platformFolders(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
