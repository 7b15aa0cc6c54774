import { posix } from 'node:path';
import type { StageSummary } from '@excel2doc/dockerfile';
import { type Lookup, type Maker, makerName } from './makers';

/** Something of the context that a Dockerfile names, and the targets that make it. */
export interface CopiedOutput {
  /** Relative to the workspace. */
  path: string;
  makers: Maker[];
}

/**
 * What a Dockerfile copies that targets make. A whole project's folder, or one above it, names no
 * output: what a target leaves there comes along by chance, which docker-plan says.
 */
export function copiedOutputs(
  stages: readonly StageSummary[],
  context: string,
  lookup: Lookup,
): CopiedOutput[] {
  const paths = new Set(
    stages.flatMap(({ contextPaths }) => contextPaths.map((path) => posix.join(context, path))),
  );
  return madeAt([...paths], lookup);
}

/** The same of any paths of the workspace. */
export function madeAt(paths: readonly string[], lookup: Lookup): CopiedOutput[] {
  return paths
    .filter((path) => !lookup.isProjectOrAbove(path))
    .map((path) => ({ path, makers: lookup.makersAt(path) }))
    .filter(({ makers }) => makers.length > 0);
}

/** For `dependsOn` of a target of `project`. */
export function dependsOnMakers(project: string, makers: readonly Maker[]) {
  const named = new Map(makers.map((maker) => [makerName(maker), maker]));
  return [...named]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, maker]) =>
      maker.project === project
        ? maker.target
        : { projects: [maker.project], target: maker.target },
    );
}
