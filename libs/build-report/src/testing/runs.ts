import type { StagePlan, StagePlanFile } from '@excel2doc/dockerfile';
import type { Digest } from '@excel2doc/oci';
import type { FinalImage } from '../report';
import type { Outcome, RunRecord, TaskRecord } from '../run';
import type { KnownImage } from '../whole';

/** A run of project `shop`: its stages one after the other, then docker-build. */
export function shopRun(
  minute: number,
  outcomes: Record<string, Outcome>,
  extra: Partial<RunRecord> = {},
): RunRecord {
  let startMs = 100;
  const tasks = Object.entries(outcomes).map(([stage, outcome]): TaskRecord => {
    const durationMs = outcome === 'built' ? 8000 : 40;
    const image = { stage, platform: 'linux/amd64', digest: `sha256:${stage}${minute}` };
    const task: TaskRecord = {
      id: `shop:docker-${stage}`,
      project: 'shop',
      target: `docker-${stage}`,
      outcome,
      startMs,
      durationMs,
      ...(!['failed', 'skipped'].includes(outcome) &&
        stage !== 'build' && { images: [{ ...image, sizeBytes: 5000, ownSizeBytes: 1000 }] }),
      ...(stage === 'build' &&
        outcome === 'built' && { transfer: { to: 'engine' as const, bytes: 2048 } }),
    };
    startMs += durationMs;
    return task;
  });
  return { ...runOf(minute, 'nx run shop:docker-build', tasks, startMs), ...extra };
}

function runOf(
  minute: number,
  command: string,
  tasks: TaskRecord[],
  durationMs: number,
): RunRecord {
  return {
    format: 1,
    id: String(minute),
    at: new Date(Date.UTC(2026, 10, 24, 10, minute)).toISOString(),
    durationMs,
    command,
    tasks,
    omitted: 0,
  };
}

/** The plan of a stage that reads `files`. */
export function stagePlan(
  stage: string,
  plan: Partial<StagePlan>,
  files: string[] = [],
): StagePlanFile {
  const platform: StagePlan = {
    platform: 'linux/amd64',
    output: { kind: 'image' },
    base: { kind: 'scratch' },
    instructions: [],
    args: {},
    stages: [],
    images: [],
    files: files.map((path) => ({ path, type: 'file', mode: '644', digest: 'sha256:0' })),
    wholeContext: [],
    uncacheable: [],
    ...plan,
  };
  return { format: 1, stage, platforms: [platform] };
}

type Stages = Record<string, readonly [outcome: Outcome, durationMs: number]>;

/** A run over many projects: project -> stage -> what came of it, one after the other. */
export function wholeRun(minute: number, projects: Record<string, Stages>): RunRecord {
  let startMs = 0;
  const tasks = Object.entries(projects).flatMap(([project, stages]) =>
    Object.entries(stages).map(([stage, [outcome, durationMs]]): TaskRecord => {
      const digest = digestOf(`${project}-${stage}`);
      const image = { stage, platform: 'linux/amd64', digest, sizeBytes: 5000, ownSizeBytes: 1000 };
      const target = `docker-${stage}`;
      const task: TaskRecord = { id: `${project}:${target}`, project, target, outcome, startMs, durationMs, ...(outcome !== 'failed' && { images: [image] }) }; // prettier-ignore
      startMs += durationMs;
      return task;
    }),
  );
  return runOf(minute, 'nx run-many -t docker-build', tasks, startMs);
}

const digestOf = (name: string) => `sha256:${name}` as Digest;

/** The image of the stage that `wholeRun` calls `PROJECT-STAGE`, of layers of 1,000 bytes each. */
export function imageOf(name: string, layers: string[]): FinalImage {
  return {
    record: {
      format: 1,
      digest: digestOf(name),
      configDigest: digestOf(`${name}-config`),
      platform: 'linux/amd64',
      base: { kind: 'scratch' },
      layers: layers.map((layer) => ({
        digest: digestOf(layer),
        diffId: digestOf(layer),
        mediaType: 'tar',
        sizeBytes: 1000,
        from: 'self' as const,
      })),
      sizeBytes: 1000 * layers.length,
      ownSizeBytes: 1000 * layers.length,
    },
    config: { architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [] } },
  };
}

/** An image of a project whose last stage is called runner. */
export function knownImage(
  project: string,
  plans: readonly StagePlanFile[],
  image?: FinalImage,
): KnownImage {
  return { project, stages: ['deps', 'runner'], stage: 'runner', plans, image };
}
