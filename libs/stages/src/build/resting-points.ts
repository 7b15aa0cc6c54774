import { setTimeout as sleep } from 'node:timers/promises';
import type { ResolvedInstruction } from '@excel2doc/dockerfile';

/**
 * Before which instructions a build has to come to rest, by their number: those that bring files of the
 * context after a RUN and, at once or later, before one. The context is then given the time at which
 * they are reached, so that its files are newer than all that was made before they came. make, Cargo
 * and javac go by that: `RUN` with a dummy source, `COPY` of the real one, `RUN` again.
 *
 * In a plain build the files have the time of the checkout, which is older where all of it is built at
 * once: the second RUN then takes what was made of the dummy for current.
 */
export function restingPoints(instructions: readonly ResolvedInstruction[]): number[] {
  const last = instructions.findLastIndex(({ kind }) => kind === 'run');
  const points: number[] = [];
  let hasRun = false;
  for (const [at, instruction] of instructions.slice(0, last + 1).entries()) {
    if (hasRun && bringsContext(instruction)) {
      points.push(at);
      hasRun = false;
    }
    if (instruction.kind === 'run') hasRun = true;
  }
  return points;
}

/** Whether files of the build context come in with it. */
export function bringsContext(instruction: ResolvedInstruction): boolean {
  if (instruction.kind === 'run')
    return instruction.mounts.some(({ type, from }) => type === 'bind' && from === undefined);
  if (instruction.kind !== 'copy' && instruction.kind !== 'add') return false;
  return instruction.from === undefined && instruction.sources.length > 0;
}

/** A time that is later than all until now also for who compares whole seconds, as busybox does. */
export async function nextSecond(): Promise<number> {
  const nowMs = Date.now();
  await sleep(1000 - (nowMs % 1000));
  return Math.floor(nowMs / 1000) + 1;
}
