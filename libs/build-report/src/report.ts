import type { GraphStage, StagePlanFile, StageState } from '@excel2doc/dockerfile';
import type { ImageConfig, ImageRecord } from '@excel2doc/oci';
import { dockerTarget, stageTarget } from '@excel2doc/stages';
import type { Outcome, RunRecord, TaskRecord } from './run';

/** What lies in dist of the image's last stage. */
export interface FinalImage {
  record: ImageRecord;
  config: ImageConfig;
}

/** Everything that the page shows, as data. */
export interface Report {
  project: string;
  run: RunRecord;
  totals: Totals;
  graph: GraphStage[];
  stages: StageRow[];
  layers: LayerRow[];
  transfers: TransferRow[];
  /** The runs before this one, oldest first, then this one. */
  history: HistoryRow[];
}

export interface Totals {
  durationMs: number;
  hits: number;
  rebuilt: number;
  failed: number;
  movesFailed: number;
  /** What the hits would have taken, by the last times when they were built; where known. */
  savedMs: number | undefined;
  imageBytes: number | undefined;
}

export interface StageRow {
  target: string;
  outcome: Outcome;
  durationMs: number;
  /** Median of the earlier runs that built it. */
  usualMs: number | undefined;
  ownSizeBytes: number | undefined;
  digest: string | undefined;
}

export interface LayerRow {
  digest: string;
  sizeBytes: number;
  from: string;
  /** The instruction that made it, where the image says so. */
  made: string;
}

export interface TransferRow {
  what: string;
  /** undefined: nobody says. */
  bytes: number | undefined;
  note: string;
}

export interface HistoryRow {
  at: string;
  commit: string | undefined;
  durationMs: number;
  /** Stages, as the next two are. */
  hits: number;
  rebuilt: number;
  failed: number;
  /** Of docker-build and docker-push. */
  movesFailed: number;
  imageBytes: number | undefined;
  sentBytes: number;
}

export const COMPARED = 10;

/**
 * The report of the latest of `runs` that made an image of `project`.
 *
 * @param runs the oldest first
 * @returns undefined when no run made one
 */
export function reportOf(
  runs: readonly RunRecord[],
  project: string,
  now: Omit<ImageStages, 'project'> & {
    plans: readonly StagePlanFile[];
    image?: FinalImage | undefined;
  },
): Report | undefined {
  const image = tasksOf([{ project, ...now }]);
  const own = runs.filter((run) => isBuildOf(run, image));
  const run = own.at(-1);
  if (!run) return undefined;
  const earlier = own.slice(0, -1).slice(-COMPARED);
  const stages = stageTasks(run, image).map((task) => stageRow(task, earlier));
  return {
    project,
    run,
    totals: { ...historyRow(run, image), savedMs: savedMs(stages) },
    graph: now.plans.flatMap(({ stage, platforms }) => {
      // A stage that was no part of the run has nothing to report.
      const target = stageTarget(stage, now.variant);
      const task = run.tasks.find((each) => each.project === project && each.target === target);
      const state = task && stateOf(task);
      return state ? platforms.slice(0, 1).map((plan) => ({ name: stage, plan, state })) : [];
    }),
    stages,
    layers: now.image ? layerRows(now.image) : [],
    transfers: transferRows(run, image),
    history: [...earlier, run].map((each) => historyRow(each, image)),
  };
}

export const isHit = ({ outcome }: TaskRecord | StageRow) =>
  outcome === 'local-hit' || outcome === 'remote-hit';

export const isFailed = ({ outcome }: TaskRecord) => outcome === 'failed';

/** Which of a run's tasks make some images: by whether a task is one of them. */
export interface ImageTasks {
  isStage(task: TaskRecord): boolean;
  /** Of those, the stages that are images. */
  isLast(task: TaskRecord): boolean;
  /** docker-build and docker-push. */
  isMover(task: TaskRecord): boolean;
}

/** Of a Dockerfile: whose it is, and its stages. */
export interface ImageStages {
  project: string;
  /** The stages of its Dockerfile, in order. */
  stages: readonly string[];
  /** The one of them that becomes the image. */
  stage: string;
  /** Which of the project's Dockerfiles it is. */
  variant?: string;
}

export function tasksOf(images: readonly ImageStages[]): ImageTasks {
  const among = (targets: (image: ImageStages) => string[]) => {
    const ids = new Set(
      images.flatMap((image) => targets(image).map((target) => `${image.project}:${target}`)),
    );
    return ({ project, target }: TaskRecord) => ids.has(`${project}:${target}`);
  };
  return {
    isStage: among(({ stages, variant }) => stages.map((name) => stageTarget(name, variant))),
    isLast: among(({ stage, variant }) => [stageTarget(stage, variant)]),
    isMover: among(({ variant }) => ['build', 'push'].map((name) => dockerTarget(name, variant))),
  };
}

/**
 * Whether a run built the images. One that only found their stages in the cache, for a target that
 * looks at them (docker-audit), did not.
 */
export function isBuildOf(run: RunRecord, image: ImageTasks): boolean {
  return madeBy(run, image).some((task) => image.isMover(task) || task.outcome !== 'local-hit');
}

export function madeBy(run: RunRecord, image: ImageTasks): TaskRecord[] {
  return run.tasks.filter((task) => image.isStage(task) || image.isMover(task));
}

export function stageTasks(run: RunRecord, image: ImageTasks): TaskRecord[] {
  return run.tasks.filter((task) => image.isStage(task));
}

function stateOf(task: TaskRecord): StageState {
  if (task.outcome === 'skipped') return 'unknown';
  if (task.outcome === 'failed') return 'failed';
  return isHit(task) ? 'hit' : 'rebuild';
}

export function stageRow(task: TaskRecord, earlier: readonly RunRecord[]): StageRow {
  const times = earlier
    .flatMap(({ tasks }) => tasks)
    .filter(({ id, outcome }) => id === task.id && outcome === 'built')
    .map(({ durationMs }) => durationMs);
  const [image] = task.images ?? [];
  return {
    target: task.target,
    outcome: task.outcome,
    durationMs: task.durationMs,
    usualMs: median(times),
    ownSizeBytes: image?.ownSizeBytes,
    digest: image?.digest,
  };
}

/** The middle one; of an even number the lower of the two in the middle, a time that was measured. */
export function median(values: readonly number[]): number | undefined {
  return [...values].sort((one, other) => one - other)[Math.ceil(values.length / 2) - 1];
}

export function savedMs(stages: readonly StageRow[]): number | undefined {
  const known = stages.filter((stage) => isHit(stage) && stage.usualMs !== undefined);
  if (known.length === 0) return undefined;
  return known.reduce(
    (sum, { usualMs = 0, durationMs }) => sum + Math.max(0, usualMs - durationMs),
    0,
  );
}

export function historyRow(run: RunRecord, tasks: ImageTasks): HistoryRow {
  const stages = stageTasks(run, tasks);
  const count = (wanted: (task: TaskRecord) => boolean) => stages.filter(wanted).length;
  const sizes = stages
    .filter((task) => tasks.isLast(task))
    .flatMap(({ images: [image] = [] }) => image?.sizeBytes ?? []);
  return {
    at: run.at,
    commit: run.commit,
    durationMs: run.durationMs,
    hits: count(isHit),
    rebuilt: count(({ outcome }) => outcome === 'built'),
    failed: count(isFailed),
    movesFailed: run.tasks.filter((task) => tasks.isMover(task) && isFailed(task)).length,
    imageBytes: sizes.length === 0 ? undefined : sizes.reduce((sum, each) => sum + each, 0),
    sentBytes: sent(run, tasks, 'engine') ?? 0,
  };
}

function sent(run: RunRecord, tasks: ImageTasks, to: 'engine' | 'registry'): number | undefined {
  const bytes = madeBy(run, tasks).flatMap(({ transfer }) =>
    transfer?.to === to ? [transfer.bytes] : [],
  );
  return bytes.length === 0 ? undefined : bytes.reduce((sum, each) => sum + each, 0);
}

function layerRows({ record, config }: FinalImage): LayerRow[] {
  const made = (config.history ?? []).filter(({ empty_layer: empty }) => !empty);
  return record.layers.map(({ digest, sizeBytes, from }, at) => ({
    digest,
    sizeBytes,
    from,
    made: made.length === record.layers.length ? (made[at]?.created_by ?? '') : '',
  }));
}

export function transferRows(run: RunRecord, tasks: ImageTasks): TransferRow[] {
  const stages = stageTasks(run, tasks);
  const layersOf = (outcome: Outcome) => {
    const images = stages
      .filter((task) => task.outcome === outcome)
      .flatMap(({ images: each = [] }) => each);
    return images.reduce((sum, { ownSizeBytes }) => sum + ownSizeBytes, 0);
  };
  const counted = (outcome: Outcome) => {
    const count = stages.filter((task) => task.outcome === outcome).length;
    return `${count} ${count === 1 ? 'stage' : 'stages'}`;
  };
  const pushed = sent(run, tasks, 'registry');
  const loaded = sent(run, tasks, 'engine');
  return [
    {
      what: 'Sent to the engine',
      bytes: loaded,
      note: loaded === undefined ? 'docker-build was not part of the run' : 'layers it lacked',
    },
    ...(pushed === undefined
      ? []
      : [{ what: 'Sent to the registry', bytes: pushed, note: 'blobs it lacked' }]),
    {
      what: 'Taken from the remote cache',
      bytes: layersOf('remote-hit'),
      note: `layers of ${counted('remote-hit')}`,
    },
    {
      what: 'Taken from the local cache',
      bytes: layersOf('local-hit'),
      note: `layers of ${counted('local-hit')}`,
    },
    {
      what: run.remoteCache ? 'Offered to the remote cache' : 'Put into the local cache',
      bytes: layersOf('built'),
      note: `layers of ${counted('built')}`,
    },
    {
      what: 'Fetched by BuildKit: base images, packages',
      bytes: undefined,
      note: 'BuildKit does not say',
    },
  ];
}
