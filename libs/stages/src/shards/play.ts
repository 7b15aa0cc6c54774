import type { ShardStep } from './shard-step';
import type { ShardTask } from './shard-task';

/**
 * When each shard is through if tasks take what `tasks` says: its steps one after another, each of which
 * costs its start, waits for those that it names, and is heard of at its end.
 *
 * @returns milliseconds, by shard
 * @throws RangeError for steps that wait for each other
 */
export function play(
  shards: readonly (readonly ShardStep[])[],
  tasks: readonly ShardTask[],
  { handOverMs, stepMs }: { handOverMs: number; stepMs: number },
): number[] {
  const costs = new Map(tasks.map(({ id, costMs }) => [id, costMs]));
  const heardMs = new Map<string, number>();
  const endsMs = shards.map(() => 0);
  const next = shards.map(() => 0);
  for (let isMoving = true; isMoving;) {
    isMoving = false;
    for (const [at, steps] of shards.entries())
      for (;;) {
        const step = steps[next[at]!];
        if (!step?.waitsFor.every((id) => heardMs.has(id))) break;
        isMoving = true;
        next[at]!++;
        const startMs = Math.max(endsMs[at]!, ...step.waitsFor.map((id) => heardMs.get(id)!));
        const workMs = step.tasks.reduce((sum, id) => sum + costs.get(id)!, 0);
        endsMs[at] = startMs + stepMs + workMs;
        for (const id of step.handsOn) heardMs.set(id, endsMs[at] + handOverMs);
      }
  }
  if (shards.some((steps, at) => next[at]! < steps.length))
    throw new RangeError('shards wait for each other');
  return endsMs;
}
