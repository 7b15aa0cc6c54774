import { type Place, schedule } from './schedule';
import { lowestMs, placedTasks, type ShardTask } from './shard-task';

/** What one machine does between two times at which it looks at others, or others at it. */
export interface ShardStep {
  /** Of other shards: through before this begins. */
  waitsFor: string[];
  /** In the order in which they are thought to run. */
  tasks: string[];
  /** Those of `tasks` that other shards wait for. */
  handsOn: string[];
}

export interface PlannedShard {
  /** When it is thought to be through, waits included; in milliseconds. */
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
}

export const MOST_SHARDS = 16;
export const HAND_OVER_MS = 5000;
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
  const { most = MOST_SHARDS, handOverMs = HAND_OVER_MS } = settings;
  const placed = placedTasks(tasks);
  const planned = (shards: number) => planFor(placed, { shards, handOverMs });
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

function planFor(
  tasks: readonly ShardTask[],
  { shards, handOverMs }: { shards: number; handOverMs: number },
): ShardPlan {
  const places = schedule(tasks, { shards, handOverMs });
  const shardOf = new Map(places.map(({ task, shard }) => [task.id, shard]));
  const awaited = new Set(
    tasks.flatMap(({ id, dependsOn }) =>
      dependsOn.filter((each) => shardOf.get(each) !== shardOf.get(id)),
    ),
  );
  const planned = Array.from({ length: shards }, (_, shard) => {
    const own = places.filter((place) => place.shard === shard);
    own.sort((one, other) => one.startMs - other.startMs || one.endMs - other.endMs);
    const endMs = Math.max(0, ...own.map((place) => place.endMs));
    return { endMs, steps: stepsOf(own, shardOf, awaited) };
  }).filter(({ steps }) => steps.length > 0);
  return {
    shards: planned,
    endMs: Math.max(0, ...planned.map((shard) => shard.endMs)),
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
