import type { StagePlan, StagePlanFile } from '@excel2doc/dockerfile';
import type { Outcome, RunRecord, TaskRecord } from '../run';

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
  return {
    format: 1,
    id: String(minute),
    at: new Date(Date.UTC(2026, 10, 24, 10, minute)).toISOString(),
    durationMs: startMs,
    command: 'nx run shop:docker-build',
    tasks,
    omitted: 0,
    ...extra,
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
