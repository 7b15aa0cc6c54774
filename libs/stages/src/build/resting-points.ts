import { setTimeout as sleep } from 'node:timers/promises';
import type { ResolvedInstruction } from '@excel2doc/dockerfile';
import type { Base } from '@excel2doc/oci';
import { readSteps } from './progress';

/**
 * Before which instructions a build has to come to rest, by their number: those that bring files of the
 * context after a RUN and, at once or later, before one. The context is then given the time at which
 * they are reached, so that its files are newer than all that was made before they came. make, Cargo
 * and javac go by that: `RUN` with a dummy source, `COPY` of the real one, `RUN` again.
 *
 * In a plain build the files have the time of the checkout, which is older where all of it is built at
 * once: the second RUN then takes what was made of the dummy for current.
 *
 * A RUN before any file of the workspace has come has made nothing of one.
 *
 * @param hasFiles whether what the stage is built on has some already
 */
export function restingPoints(
  instructions: readonly ResolvedInstruction[],
  hasFiles = false,
): number[] {
  const last = instructions.findLastIndex(({ kind }) => kind === 'run');
  const points: number[] = [];
  let has = hasFiles;
  let hasMade = false;
  for (const [at, instruction] of instructions.slice(0, last + 1).entries()) {
    if (bringsContext(instruction)) {
      if (hasMade) points.push(at);
      has = true;
      hasMade = false;
    } else if (instruction.kind === 'copy' || instruction.kind === 'add') has = true;
    if (instruction.kind === 'run') hasMade = has;
  }
  return points;
}

/** Whether a COPY or ADD of the workspace is in what a stage is built on. */
export function hasCopied({ layers, config }: Base): boolean {
  const made = (config?.history ?? []).filter((entry) => !entry.empty_layer);
  return layers.some(
    ({ from }, at) => from !== 'base' && /^(COPY|ADD)\b/.test(made[at]?.created_by ?? ''),
  );
}

/** Whether files of the build context come in with it. */
export function bringsContext(instruction: ResolvedInstruction): boolean {
  if (instruction.kind === 'run')
    return instruction.mounts.some(({ type, from }) => type === 'bind' && from === undefined);
  if (instruction.kind !== 'copy' && instruction.kind !== 'add') return false;
  return instruction.from === undefined && instruction.sources.length > 0;
}

/**
 * Watches a build's progress.
 *
 * @returns `hasRun` says whether a RUN was carried out, and not taken from the builder's cache
 */
export function watchRuns(onProgress?: (text: string) => void) {
  const read = readSteps();
  const running = new Set<string>();
  return {
    onProgress(text: string): void {
      onProgress?.(text);
      for (const { kind, step } of read(text)) {
        if (kind === 'begun' && step.startsWith('RUN')) running.add(step);
        if (kind === 'cached') running.delete(step);
      }
    },
    hasRun: () => running.size > 0,
  };
}

/** Waits for a time that is later than all until now, also for who compares whole seconds, as busybox does. */
export async function nextSecond(): Promise<number> {
  const nowMs = Date.now();
  await sleep(1000 - (nowMs % 1000));
  return Math.floor(nowMs / 1000) + 1;
}
