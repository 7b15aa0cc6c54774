import { inOrder, remainingMs, type ShardTask } from './shard-task';

/** When a task is thought to run, and where. */
export interface Place {
  task: ShardTask;
  /** From 0 on. */
  shard: number;
  startMs: number;
  endMs: number;
}

export interface ScheduleSettings {
  shards: number;
  handOverMs: number;
  untilMs: number;
}

/**
 * Where each task runs and when: those with the most behind them first. A task stays with what it stands
 * on while everything behind it can still be through by `untilMs`; else it goes to the machine that takes
 * it the earliest. What another machine has made comes later by `handOverMs`.
 *
 * One task at a time on a machine: a build takes all of its processors.
 *
 * @see Topcuoglu, Hariri, Wu: "Performance-effective and low-complexity task scheduling for
 *   heterogeneous computing" (HEFT), with machines that are all alike
 */
export function schedule(
  tasks: readonly ShardTask[],
  { shards, handOverMs, untilMs }: ScheduleSettings,
): Place[] {
  const remaining = remainingMs(tasks);
  const order = new Map(inOrder(tasks).map(({ id }, at) => [id, at]));
  const first = [...tasks].sort(
    (one, other) =>
      remaining.get(other.id)! - remaining.get(one.id)! ||
      order.get(one.id)! - order.get(other.id)!,
  );
  const places = new Map<string, Place>();
  const machines = Array.from({ length: shards }, () => new Machine());
  for (const task of first) {
    const below = task.dependsOn.map((id) => places.get(id)!);
    const choices = machines.map((machine, shard) => {
      const readyMs = Math.max(
        0,
        ...below.map((place) => place.endMs + (place.shard === shard ? 0 : handOverMs)),
      );
      const startMs = machine.gapFrom(readyMs, task.costMs);
      const own = below.reduce((sum, place) => sum + (place.shard === shard ? 1 : 0), 0);
      return { shard, startMs, own };
    });
    const latestMs = untilMs - remaining.get(task.id)!;
    const inTime = choices.filter(({ own, startMs }) => own > 0 && startMs <= latestMs);
    const { shard, startMs } = (inTime.length > 0 ? inTime : choices).reduce((best, each) =>
      each.startMs < best.startMs || (each.startMs === best.startMs && each.own > best.own)
        ? each
        : best,
    );
    const place = { task, shard, startMs, endMs: startMs + task.costMs };
    machines[shard]!.take(place);
    places.set(task.id, place);
  }
  return [...places.values()];
}

/** What one machine is busy with, by time. */
class Machine {
  private readonly places: Place[] = [];

  /** The start of the first gap of `lengthMs` that begins at `readyMs` or later. */
  gapFrom(readyMs: number, lengthMs: number): number {
    let startMs = readyMs;
    if ((this.places.at(-1)?.endMs ?? 0) <= readyMs) return readyMs;
    for (const place of this.places) {
      if (place.endMs <= startMs) continue;
      if (place.startMs >= startMs + lengthMs) break;
      startMs = place.endMs;
    }
    return startMs;
  }

  take(place: Place): void {
    const at = this.places.findIndex(({ startMs }) => startMs > place.startMs);
    this.places.splice(at < 0 ? this.places.length : at, 0, place);
  }
}
