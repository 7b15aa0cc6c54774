import type { DockerfileError } from '../error';
import type { EvaluatedStage } from './step';

/**
 * Why a stage cannot be built: its own fault, or that of a stage that it needs. BuildKit does not look
 * at other stages.
 */
export function faultOf(
  stages: readonly EvaluatedStage[],
  index: number,
): DockerfileError | undefined {
  const needed = new Set<number>();
  const visit = (at: number): void => {
    if (needed.has(at)) return;
    needed.add(at);
    const { base, steps } = stages[at]!;
    if (base.kind === 'stage') visit(base.stage);
    for (const read of steps.flatMap(({ reads }) => reads))
      if (read.kind === 'stage') visit(read.stage);
  };
  visit(index);
  const first = [...needed].sort((a, b) => a - b).find((at) => stages[at]!.fault);
  return first === undefined ? undefined : stages[first]!.fault;
}
