import type { StagePlan, StagePlanFile } from '@excel2doc/dockerfile';
import type { Digest } from '@excel2doc/oci';
import { baseImages, type ProjectImage, stageTarget } from '@excel2doc/stages';
import {
  COMPARED,
  type FinalImage,
  type HistoryRow,
  historyRow,
  type ImageStages,
  isBuildOf,
  isFailed,
  isHit,
  madeBy,
  savedMs,
  stageRow,
  stageTasks,
  tasksOf,
  type Totals,
  type TransferRow,
  transferRows,
} from './report';
import type { Outcome, RunRecord, TaskRecord } from './run';

/** An image of the workspace, as it lies there now. */
export interface KnownImage extends ImageStages {
  plans: readonly StagePlanFile[];
  image?: FinalImage | undefined;
  /** Which of the images that its plans name are projects', by reference. */
  projectImages?: Readonly<Record<string, Pick<ProjectImage, 'project' | 'target'>>>;
}

/** Everything that the page of a run shows, over all its images. */
export interface WholeReport {
  run: RunRecord;
  totals: Totals;
  /** The slowest first. */
  images: ImageRow[];
  sharing: Sharing;
  /** Stages that stand on one another and took the longest in all, the lowest first. */
  chain: TaskRecord[];
  transfers: TransferRow[];
  /** The runs before this one over the same images, oldest first, then this one; `images`: how many it made. */
  history: (HistoryRow & { images: number })[];
}

export interface ImageRow {
  /** `api`, or `api, worker` for Dockerfile.worker of it. */
  name: string;
  /** Of its last stage, unless a task of the image failed; skipped where the run did not come to it. */
  outcome: Outcome;
  hits: number;
  rebuilt: number;
  /** Its stages that were come to: hits, built or failed. */
  stages: number;
  /** Its targets that failed, docker-build and docker-push among them. */
  failed: string[];
  /** Its stages, one after the other. */
  durationMs: number;
  /** Of one platform. */
  imageBytes: number | undefined;
  platforms: number;
}

/** What images have in common, of those whose layers lie there as the run made them. */
export interface Sharing {
  images: number;
  /** All layers of each. */
  bytes: number;
  /** Each layer once. */
  keptBytes: number;
  /** Those of several images, what saves the most first. */
  layers: SharedLayer[];
}

export interface SharedLayer {
  digest: Digest;
  sizeBytes: number;
  images: number;
}

/**
 * The report of the latest of `runs` that made images, over all of them.
 *
 * @param runs the oldest first
 * @param known the images of the workspace
 * @returns undefined where no run made one
 */
export function wholeReportOf(
  runs: readonly RunRecord[],
  known: readonly KnownImage[],
): WholeReport | undefined {
  const tasks = tasksOf(known);
  const builds = runs.filter((run) => isBuildOf(run, tasks));
  const run = builds.at(-1);
  if (!run) return undefined;
  const earlier = builds.slice(0, -1).slice(-COMPARED);
  const made = imagesOf(run, known);
  const rows = stageTasks(run, tasks).map((task) => stageRow(task, earlier));
  const ofSame = builds.slice(0, -1).filter((each) => isSame(imagesOf(each, known), made));
  return {
    run,
    totals: { ...historyRow(run, tasks), savedMs: savedMs(rows) },
    images: made
      .map((image) => imageRow(run, image))
      .sort((one, other) => other.durationMs - one.durationMs),
    sharing: sharingOf(made.flatMap((image) => layersOf(run, image))),
    chain: slowestChain(run, made),
    transfers: transferRows(run, tasks),
    history: [...ofSame.slice(-COMPARED), run].map((each) => ({
      ...historyRow(each, tasks),
      images: stageTasks(each, tasks).filter((task) => tasks.isLast(task) && isMade(task)).length,
    })),
  };
}

/** Those of which a stage was a part of the run. */
function imagesOf(run: RunRecord, known: readonly KnownImage[]): KnownImage[] {
  const names = new Set(run.tasks.map(nameOf));
  return known.filter((image) => image.stages.some((stage) => names.has(stageName(image, stage))));
}

/** A run over sixty images says nothing of one over a single one. */
function isSame(images: readonly KnownImage[], others: readonly KnownImage[]): boolean {
  return images.length === others.length && images.every((image, at) => image === others[at]);
}

/** Is it there, out of a cache or built? */
const isMade = (task: TaskRecord) => isHit(task) || task.outcome === 'built';

function imageRow(run: RunRecord, image: KnownImage): ImageRow {
  const tasks = tasksOf([image]);
  const { hits, rebuilt, failed, imageBytes } = historyRow(run, tasks);
  const failures = madeBy(run, tasks).filter(isFailed);
  // What was skipped is in no record of Nx.
  const last = run.tasks.find((task) => tasks.isLast(task));
  return {
    name: image.variant ? `${image.project}, ${image.variant}` : image.project,
    outcome: failures.length > 0 ? 'failed' : (last?.outcome ?? 'skipped'),
    hits,
    rebuilt,
    stages: hits + rebuilt + failed,
    failed: failures.map(({ target }) => target),
    durationMs: stageTasks(run, tasks).reduce((sum, { durationMs }) => sum + durationMs, 0),
    imageBytes,
    platforms: last?.images?.length ?? 0,
  };
}

type Layers = FinalImage['record']['layers'];

/** None where another image than the run's lies there. */
function layersOf(run: RunRecord, image: KnownImage): Layers[] {
  const tasks = tasksOf([image]);
  const last = run.tasks.find((task) => tasks.isLast(task));
  const record = image.image?.record;
  const isOfRun = last?.images?.some(({ digest }) => digest === record?.digest);
  return record && isOfRun ? [record.layers] : [];
}

/** @param images the layers of each */
export function sharingOf(images: readonly Layers[]): Sharing {
  const layers = new Map<Digest, SharedLayer>();
  let bytes = 0;
  for (const image of images) {
    for (const [digest, { sizeBytes }] of new Map(image.map((layer) => [layer.digest, layer]))) {
      bytes += sizeBytes;
      const before = layers.get(digest)?.images ?? 0;
      layers.set(digest, { digest, sizeBytes, images: before + 1 });
    }
  }
  const all = [...layers.values()];
  const saved = ({ sizeBytes, images: count }: SharedLayer) => sizeBytes * (count - 1);
  return {
    images: images.length,
    bytes,
    keptBytes: all.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    layers: all
      .filter(({ images: count }) => count > 1)
      .sort((one, other) => saved(other) - saved(one)),
  };
}

/** Of stages that waited for one another, as the plans say, those that took the longest together. */
function slowestChain(run: RunRecord, images: readonly KnownImage[]): TaskRecord[] {
  const below = readStages(images);
  // Not by id, which has a configuration in it as well.
  const tasks = new Map(run.tasks.map((task) => [nameOf(task), task]));
  const found = new Map<string, Chain>();
  const chainTo = (name: string): Chain => {
    const known = found.get(name);
    if (known) return known;
    // No plan that was built reads itself; one that lies there since might.
    found.set(name, NO_CHAIN);
    const before = longest((below.get(name) ?? []).map(chainTo));
    const chain = withTask(before, tasks.get(name));
    found.set(name, chain);
    return chain;
  };
  return longest([...below.keys()].map(chainTo)).tasks;
}

const nameOf = ({ project, target }: { project: string; target: string }) => `${project}:${target}`;

const stageName = ({ project, variant }: KnownImage, stage: string) =>
  nameOf({ project, target: stageTarget(stage, variant) });

interface Chain {
  tasks: TaskRecord[];
  durationMs: number;
}

const NO_CHAIN: Chain = { tasks: [], durationMs: 0 };

const longest = (chains: readonly Chain[]): Chain =>
  chains.reduce((best, each) => (each.durationMs > best.durationMs ? each : best), NO_CHAIN);

/** What was no part of the run, or was not come to, took no time. */
function withTask({ tasks, durationMs }: Chain, task: TaskRecord | undefined): Chain {
  if (!task || task.outcome === 'skipped') return { tasks, durationMs };
  return { tasks: [...tasks, task], durationMs: durationMs + task.durationMs };
}

/** By a stage's target, those that it reads: stages of its own Dockerfile, and images of others. */
function readStages(images: readonly KnownImage[]): Map<string, string[]> {
  const read = (image: KnownImage, plan: StagePlan) => [
    ...plan.stages.map((stage) => stageName(image, stage)),
    ...baseImages(plan).flatMap((reference) => {
      const maker = image.projectImages?.[reference];
      return maker ? [nameOf(maker)] : [];
    }),
  ];
  return new Map(
    images.flatMap((image) =>
      image.plans.map(({ stage, platforms }): [string, string[]] => [
        stageName(image, stage),
        platforms.flatMap((plan) => read(image, plan)),
      ]),
    ),
  );
}
