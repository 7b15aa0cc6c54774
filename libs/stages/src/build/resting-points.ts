import { setTimeout as sleep } from 'node:timers/promises';
import type { ResolvedInstruction, StagePlan } from '@excel2doc/dockerfile';
import { readSteps } from './progress';

/**
 * Before which instructions a build has to come to rest, by their number: those that bring files of the
 * context after a RUN and, at once or later, before one. The context is then given the time at which
 * they are reached, so that its files are newer than all that was made before they came. make, Cargo
 * and javac go by that: `RUN` with a dummy source, `COPY` of the real one, `RUN` again.
 *
 * In a plain build the files have the time of the checkout, which is older where all of it is built at
 * once: the second RUN then takes what was made of the dummy for current.
 */
export function restingPoints(
  plan: StagePlan,
  instructions: readonly ResolvedInstruction[],
): number[] {
  const last = instructions.findLastIndex(({ kind }) => kind === 'run');
  const points: number[] = [];
  let hasMade = false;
  for (const [at, instruction] of instructions.slice(0, last + 1).entries()) {
    // BuildKit carries out all triggers of a base in one go.
    const isTrigger = plan.instructions[at]?.from === 'base';
    if (hasMade && !isTrigger && bringsContext(instruction)) {
      points.push(at);
      hasMade = false;
    }
    if (instruction.kind === 'run') hasMade = true;
  }
  return points;
}

/** Whether files of the build context come in with it. */
export function bringsContext(instruction: ResolvedInstruction): boolean {
  if (instruction.kind === 'run')
    return instruction.mounts.some(({ type, from }) => type === 'bind' && from === undefined);
  if (instruction.kind !== 'copy' && instruction.kind !== 'add') return false;
  return instruction.from === undefined && instruction.sources.some(isLocal);
}

/** Not a URL or a git repository, which comes with times of its own. */
const isLocal = (source: string) => !/^(?:[a-z][a-z0-9+.-]*:\/\/|git@)/i.test(source);

/**
 * Watches a build's progress.
 *
 * @returns `hasRun` says whether a RUN was carried out, and not taken from the builder's cache
 */
export function watchRuns(onProgress?: (text: string) => void) {
  const read = readSteps();
  let count = 0;
  return {
    onProgress(text: string): void {
      onProgress?.(text);
      for (const { kind, step } of read(text)) {
        if (!step.startsWith('RUN')) continue;
        if (kind === 'begun') count += 1;
        if (kind === 'cached') count -= 1;
      }
    },
    hasRun: () => count > 0,
  };
}

/** Waits for a time that is later than all until now, also for who compares whole seconds, as busybox does. */
export async function nextSecond(): Promise<number> {
  const nowMs = Date.now();
  await sleep(1000 - (nowMs % 1000));
  return Math.floor(nowMs / 1000) + 1;
}
