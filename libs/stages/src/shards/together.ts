import { type Place, schedule, type ScheduleSettings } from './schedule';
import { inOrder, remainingMs, type ShardTask } from './shard-task';

/**
 * Where tasks run and when if those of a group stay together, one after another.
 *
 * @returns undefined where groups stand on each other in a circle
 */
export function scheduleGroups(
  tasks: readonly ShardTask[],
  settings: ScheduleSettings,
): Place[] | undefined {
  const groups = groupsOf(tasks);
  if (!isOrdered(groups)) return undefined;
  const remaining = remainingMs(tasks);
  const order = new Map(inOrder(tasks).map(({ id }, at) => [id, at]));
  const members = new Map<string, ShardTask[]>();
  for (const task of tasks) members.set(task.group, [...(members.get(task.group) ?? []), task]);
  return schedule(groups, settings).flatMap(({ task: { id }, shard, startMs }) => {
    const own = members.get(id)!.sort(
      // What others wait for the longest comes first, and is no later than what stands on it.
      (one, other) =>
        remaining.get(other.id)! - remaining.get(one.id)! ||
        order.get(one.id)! - order.get(other.id)!,
    );
    let atMs = startMs;
    return own.map((task) => {
      const place = { task, shard, startMs: atMs, endMs: atMs + task.costMs };
      atMs = place.endMs;
      return place;
    });
  });
}

/** Each group as if it were one task. */
function groupsOf(tasks: readonly ShardTask[]): ShardTask[] {
  const groupOf = new Map(tasks.map(({ id, group }) => [id, group]));
  const groups = new Map<string, { costMs: number; dependsOn: Set<string> }>();
  for (const { group, costMs, dependsOn } of tasks) {
    const known = groups.get(group) ?? { costMs: 0, dependsOn: new Set() };
    known.costMs += costMs;
    for (const id of dependsOn) known.dependsOn.add(groupOf.get(id)!);
    known.dependsOn.delete(group);
    groups.set(group, known);
  }
  return [...groups].map(([id, { costMs, dependsOn }]) => ({
    id,
    group: id,
    costMs,
    dependsOn: [...dependsOn],
    isShareable: true,
  }));
}

function isOrdered(tasks: readonly ShardTask[]): boolean {
  try {
    inOrder(tasks);
    return true;
  } catch {
    return false;
  }
}
