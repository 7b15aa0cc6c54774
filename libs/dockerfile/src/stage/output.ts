import { posix } from 'node:path';
import { hasWildcards } from '@excel2doc/go-text';
import type { StageOutput } from '../plan';
import type { EvaluatedStage } from './step';

/**
 * What has to be exported of each stage. A stage that others only COPY or mount from is exported as
 * these paths; one that is built FROM by such stages alone is part of them (see `foldedSteps`).
 *
 * @param targets indexes of stages that are wanted as images
 */
export function stageOutputs(
  stages: EvaluatedStage[],
  targets: ReadonlySet<number>,
): StageOutput[] {
  const consumers = stages.map(() => ({
    from: [] as number[],
    paths: new Set<string>(),
    all: false,
  }));
  for (const { stage, base, steps } of stages) {
    if (base.kind === 'stage') consumers[base.stage]!.from.push(stage.index);
    for (const read of steps.flatMap(({ reads }) => reads)) {
      if (read.kind !== 'stage') continue;
      const consumer = consumers[read.stage]!;
      const paths = read.paths === 'all' ? [undefined] : read.paths.map(exportedPath);
      for (const path of paths) {
        if (path === undefined) consumer.all = true;
        else consumer.paths.add(path);
      }
    }
  }
  const outputs: StageOutput[] = [];
  // A stage's children come after it, so their outputs are known first.
  for (let index = stages.length - 1; index >= 0; index--) {
    const { from, paths, all } = consumers[index]!;
    const copied = paths.size > 0 && !all && !targets.has(index);
    const images = from.some((child) => outputs[child]!.kind === 'image');
    outputs[index] =
      copied && !images ? { kind: 'paths', paths: outermost(paths) } : { kind: 'image' };
  }
  return outputs;
}

/** Absolute, up to the first wildcard; `undefined` when that is the whole file system. */
function exportedPath(source: string): string | undefined {
  const parts = posix.join('/', source.replace('/./', '/')).split('/').slice(1);
  const wild = parts.findIndex(hasWildcards);
  const kept = wild < 0 ? parts : parts.slice(0, wild);
  const path = `/${kept.filter((part) => part !== '').join('/')}`;
  return path === '/' ? undefined : path.replaceAll(/\\(.)/g, '$1');
}

function outermost(paths: Set<string>): string[] {
  const sorted = [...paths].sort();
  return sorted.filter((path) => !sorted.some((other) => path.startsWith(`${other}/`)));
}

/** Indexes from `stage` up to the base whose output it builds on, nearest first. */
export function foldedStages(
  stages: EvaluatedStage[],
  outputs: StageOutput[],
  stage: number,
): number[] {
  const chain = [stage];
  if (outputs[stage]!.kind === 'image') return chain;
  for (let base = stages[stage]!.base; base.kind === 'stage'; base = stages[base.stage]!.base)
    chain.push(base.stage);
  return chain;
}
