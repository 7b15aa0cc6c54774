/** A task as far as it matters on which machine it runs. */
export interface ShardTask {
  id: string;
  /** Ids of the tasks that have to be through before. */
  dependsOn: readonly string[];
  /** What it is thought to take, in milliseconds. */
  costMs: number;
  /**
   * Whether another machine can take what comes of it from the cache. What cannot be taken (an image in
   * an engine, a plan) is made on each machine that needs it.
   */
  isShareable: boolean;
  /** What it is best kept together with: its project. */
  group: string;
}

/**
 * The tasks of which it is decided where they run. One that others need and cannot take from the cache
 * runs with each of them: they take over its cost, and what it depends on.
 */
export function placedTasks(tasks: readonly ShardTask[]): ShardTask[] {
  const byId = new Map(tasks.map((task) => [task.id, task]));
  const needed = new Set(tasks.flatMap(({ dependsOn }) => dependsOn));
  const isPlaced = ({ id, isShareable }: ShardTask) => isShareable || !needed.has(id);
  const carried = new Map<string, { costMs: number; dependsOn: Set<string> }>();

  /** What a task brings along when it runs, itself left out. */
  function belowOf(task: ShardTask): { costMs: number; dependsOn: Set<string> } {
    const known = carried.get(task.id);
    if (known) return known;
    const found = { costMs: 0, dependsOn: new Set<string>() };
    for (const id of task.dependsOn) {
      const dependency = byId.get(id);
      if (!dependency) continue;
      if (isPlaced(dependency)) {
        found.dependsOn.add(id);
        continue;
      }
      const below = belowOf(dependency);
      found.costMs += dependency.costMs + below.costMs;
      for (const each of below.dependsOn) found.dependsOn.add(each);
    }
    carried.set(task.id, found);
    return found;
  }

  return tasks.filter(isPlaced).map((task) => {
    const { costMs, dependsOn } = belowOf(task);
    return { ...task, costMs: task.costMs + costMs, dependsOn: [...dependsOn] };
  });
}

/**
 * Tasks in an order in which each stands after those that it depends on.
 *
 * @throws RangeError for tasks that depend on each other in a circle
 */
export function inOrder(tasks: readonly ShardTask[]): ShardTask[] {
  const waitsFor = new Map(tasks.map(({ id }) => [id, 0]));
  const byId = new Map(tasks.map((task) => [task.id, task]));
  const dependants = dependantsOf(tasks);
  for (const { id, dependsOn } of tasks)
    waitsFor.set(id, dependsOn.filter((each) => byId.has(each)).length);
  const order = tasks.filter(({ id }) => waitsFor.get(id) === 0);
  for (const { id } of order)
    for (const dependant of dependants.get(id) ?? []) {
      const left = waitsFor.get(dependant.id)! - 1;
      waitsFor.set(dependant.id, left);
      if (left === 0) order.push(dependant);
    }
  if (order.length < tasks.length) throw new RangeError('tasks depend on each other in a circle');
  return order;
}

/** Of each task, those that depend on it. */
export function dependantsOf(tasks: readonly ShardTask[]): Map<string, ShardTask[]> {
  const dependants = new Map<string, ShardTask[]>(tasks.map(({ id }) => [id, []]));
  for (const task of tasks) for (const id of task.dependsOn) dependants.get(id)?.push(task);
  return dependants;
}

/**
 * How long the longest chain takes from the start of each task to the end of everything.
 *
 * @returns milliseconds, by id
 */
export function remainingMs(tasks: readonly ShardTask[]): Map<string, number> {
  const dependants = dependantsOf(tasks);
  const remaining = new Map<string, number>();
  for (const { id, costMs } of inOrder(tasks).reverse()) {
    const after = dependants.get(id)!.map((each) => remaining.get(each.id)!);
    remaining.set(id, costMs + Math.max(0, ...after));
  }
  return remaining;
}

/** No number of machines is through earlier: the longest chain, or the work of each. Milliseconds. */
export function lowestMs(tasks: readonly ShardTask[], shards: number): number {
  const chain = Math.max(0, ...remainingMs(tasks).values());
  const total = tasks.reduce((sum, { costMs }) => sum + costMs, 0);
  return Math.max(chain, total / shards);
}
