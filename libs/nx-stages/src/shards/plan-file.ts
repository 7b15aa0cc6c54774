import { readFileSync } from 'node:fs';
import { type ShardPlan, type ShardStep, StagesError } from '@excel2doc/stages';
import type { GraphTask } from './task-graph';

/** What the first job writes and all others read. */
export interface PlanFile extends ShardPlan {
  format: 1;
  /** Of this plan alone: what shards tell each other is told under it. */
  id: string;
  tasks: Record<string, Omit<GraphTask, 'id'>>;
}

/** @throws StagesError `PLAN_MISSING` for a file that is not there, or is no plan of this version */
export function readPlanFile(file: string): PlanFile {
  let plan: Partial<PlanFile> | undefined;
  try {
    plan = JSON.parse(readFileSync(file, 'utf8')) as Partial<PlanFile>;
  } catch (cause) {
    throw missing(`${file} cannot be read as a plan of shards`, cause);
  }
  const isPlan =
    plan?.format === 1 &&
    typeof plan.id === 'string' &&
    Array.isArray(plan.shards) &&
    plan.shards.every(isShard) &&
    isObject(plan.tasks) &&
    Object.values(plan.tasks).every((task) => isObject(task) && Array.isArray(task.dependsOn));
  if (!isPlan) throw missing(`${file} is no plan of shards of this version`);
  return plan as PlanFile;
}

const isObject = (value: unknown) => typeof value === 'object' && value !== null;

const isShard = (shard: ShardPlan['shards'][number] | null) =>
  Array.isArray(shard?.steps) &&
  shard.steps.every((step: Partial<ShardStep> | null) =>
    [step?.tasks, step?.waitsFor, step?.handsOn].every(Array.isArray),
  );

/** `4 shards` */
export const countText = ({ shards }: Pick<ShardPlan, 'shards'>) =>
  `${shards.length} ${shards.length === 1 ? 'shard' : 'shards'}`;

/** Which shard runs each task, from 1 on. */
export function shardsOf({ shards }: ShardPlan): Map<string, number> {
  return new Map(
    shards.flatMap(({ steps }, at) =>
      steps.flatMap(({ tasks }) => tasks.map((id): [string, number] => [id, at + 1])),
    ),
  );
}

const missing = (message: string, cause?: unknown) =>
  new StagesError('PLAN_MISSING', {
    message,
    hint: 'Have `excel2doc-shards plan` write it, with the same version of the plugin',
    cause,
  });
