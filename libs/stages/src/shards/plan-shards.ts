import { play } from './play';
import { type Place, schedule } from './schedule';
import type { ShardStep } from './shard-step';
import { lowestMs, placedTasks, type ShardTask } from './shard-task';
import { scheduleGroups } from './together';

export interface PlannedShard {
  /** When it is thought to be through, waits and starts of Nx included; in milliseconds. */
  endMs: number;
  steps: ShardStep[];
}

export interface ShardPlan {
  /** No more than were asked for, and none without a task. */
  shards: PlannedShard[];
  /** When all are thought to be through; in milliseconds. */
  endMs: number;
  /** No plan for as many machines as were asked for is through earlier. */
  lowestMs: number;
}

export interface ShardSettings {
  /**
   * How many machines; `auto`: as many as have a minute's work each and bring half of what a machine
   * more could bring.
   */
  shards: number | 'auto';
  /** The most that `auto` takes. */
  most?: number;
  /** What one machine waits longer for what another has made: stored, seen, fetched. */
  handOverMs?: number;
  /** What the start of a step takes: Nx, and its graph. */
  stepMs?: number;
}

export const MOST_SHARDS = 16;
export const HAND_OVER_MS = 5000;
export const STEP_MS = 2000;
/**
 * By when everything is to be through, as parts of the least that it can take: the later, the more stays
 * together. None at all is tried, too.
 */
const DEADLINES = [0, 1, 1.05, 1.1, 1.2];
/** A plan that is through later by no more than this is taken where less is handed on. */
const NEAR = 1.01;
/** Below it a machine's own start, a checkout and an installation, is most of what it does. */
const LEAST_WORK_MS = 60_000;

/**
 * Which machine runs which tasks, and in what order: each task on one, what stands on it on the same
 * or after it.
 *
 * Each step stands in the order of the thought times, of which none waits for a later one: however the
 * real times turn out, no two machines wait for each other.
 */
export function planShards(tasks: readonly ShardTask[], settings: ShardSettings): ShardPlan {
  const { most = MOST_SHARDS, handOverMs = HAND_OVER_MS, stepMs = STEP_MS } = settings;
  const placed = placedTasks(tasks);
  const planned = (shards: number) => planFor(placed, { shards, handOverMs, stepMs });
  if (settings.shards !== 'auto') return planned(settings.shards);
  const totalMs = placed.reduce((sum, { costMs }) => sum + costMs, 0);
  let count = 1;
  let plan = planned(count);
  for (let more = 2; more <= Math.min(most, totalMs / LEAST_WORK_MS); more++) {
    const shorter = planned(more);
    const ideal = count / more;
    if (shorter.endMs > plan.endMs * ((1 + ideal) / 2)) continue;
    [count, plan] = [more, shorter];
  }
  return plan;
}

interface Counts {
  shards: number;
  handOverMs: number;
  stepMs: number;
}

/** Of several plans the one that is through the earliest, or nearly so and hands on less. */
function planFor(tasks: readonly ShardTask[], counts: Counts): ShardPlan {
  const least = lowestMs(tasks, counts.shards);
  const plans = DEADLINES.flatMap((part) => {
    const settings = { ...counts, untilMs: part * least };
    const together = scheduleGroups(tasks, settings);
    return [...(together ? [together] : []), schedule(tasks, settings)].map((places) =>
      planOf(tasks, places, counts),
    );
  });
  const endMs = Math.min(...plans.map((plan) => plan.endMs));
  const near = plans.filter((plan) => plan.endMs <= endMs * NEAR);
  return near.reduce((best, plan) => (stepCount(plan) < stepCount(best) ? plan : best));
}

const stepCount = ({ shards }: ShardPlan) =>
  shards.reduce((sum, { steps }) => sum + steps.length, 0);

function planOf(tasks: readonly ShardTask[], places: readonly Place[], counts: Counts): ShardPlan {
  const { shards } = counts;
  const shardOf = new Map(places.map(({ task, shard }) => [task.id, shard]));
  const awaited = new Set(
    tasks.flatMap(({ id, dependsOn }) =>
      dependsOn.filter((each) => shardOf.get(each) !== shardOf.get(id)),
    ),
  );
  const steps = Array.from({ length: shards }, (_, shard) => {
    const own = places.filter((place) => place.shard === shard);
    own.sort((one, other) => one.startMs - other.startMs || one.endMs - other.endMs);
    return stepsOf(own, shardOf, awaited);
  }).filter((each) => each.length > 0);
  const endsMs = play(steps, tasks, counts);
  return {
    shards: steps.map((each, at) => ({ endMs: endsMs[at]!, steps: each })),
    endMs: Math.max(0, ...endsMs),
    lowestMs: lowestMs(tasks, shards),
  };
}

/** A step ends where its machine has something to hand on, or has to wait. */
function stepsOf(
  places: readonly Place[],
  shardOf: ReadonlyMap<string, number>,
  awaited: ReadonlySet<string>,
): ShardStep[] {
  const steps: ShardStep[] = [];
  const seen = new Set<string>();
  for (const { task, shard } of places) {
    const waitsFor = task.dependsOn.filter((id) => shardOf.get(id) !== shard && !seen.has(id));
    for (const id of waitsFor) seen.add(id);
    const last = steps.at(-1);
    const isNew = !last || waitsFor.length > 0 || last.handsOn.length > 0;
    const step = isNew ? { waitsFor, tasks: [], handsOn: [] } : last;
    if (isNew) steps.push(step);
    step.tasks.push(task.id);
    if (awaited.has(task.id)) step.handsOn.push(task.id);
  }
  return steps;
}
