import { hasWildcards } from '@excel2doc/go-text';
import type { Dockerfile } from './dockerfile';
import { parseDockerfile } from './dockerfile';
import { contextPath } from './context/path';
import type { DockerfileError } from './error';
import type { StageOutput } from './plan';
import type { EvaluatedStage } from './stage/step';
import { readByRules } from './stage/reading';
import type { ReadingOptions } from './stage/reading';
import { faultOf } from './stage/fault';
import { foldedStages, stageOutputs } from './stage/output';

/** A stage as the Dockerfile's text alone tells it. */
export interface StageSummary {
  /** Unique: the declared name, or `stage-<index>`. */
  name: string;
  index: number;
  line: number;
  base:
    { kind: 'image'; reference: string } | { kind: 'stage'; stage: string } | { kind: 'scratch' };
  output: StageOutput;
  /** Stages whose exported result it needs, by name, sorted: FROM, COPY --from, mounts. */
  dependsOn: string[];
  /** Images that it needs besides its base, by reference. */
  images: string[];
  /**
   * Paths of the context that it may read, '.' for all of it. Wildcards are cut to the folder that
   * they start in, so whatever it reads lies at or below one of these.
   */
  contextPaths: string[];
  /** Whether something is run to make it: RUN, or what only BuildKit exports. */
  runs: boolean;
  /** Why BuildKit would refuse to build it; what is said of it holds up to there. */
  refused?: DockerfileError;
}

export interface ReadStagesOptions extends Partial<ReadingOptions> {
  /** As it stands in errors; default `Dockerfile`. */
  file?: string;
  /** Stages that are wanted as whole images, besides the last one and those nobody uses. */
  targets?: string[];
}

/**
 * The stages of a Dockerfile and how they depend on one another, without touching a file: a few
 * milliseconds.
 *
 * @param source its text, or the text parsed
 *
 * @throws DockerfileError for whatever `parseDockerfile` and the stage graph refuse
 */
export function readStages(
  source: string | Dockerfile,
  options: ReadStagesOptions = {},
): StageSummary[] {
  const { file = 'Dockerfile', platform = 'linux/amd64', targets = [] } = options;
  const dockerfile = typeof source === 'string' ? parseDockerfile(source, { file }) : source;
  const { stages } = readByRules(dockerfile, { ...options, platform });
  const outputs = stageOutputs(stages, targetIndexes(stages, targets));
  return stages.map(({ stage }) => {
    const folded = foldedStages(stages, outputs, stage.index).map((index) => stages[index]!);
    const steps = folded.flatMap((ancestor) => ancestor.steps);
    const base = folded.at(-1)!.base;
    const depends = new Set<string>();
    const images = new Set<string>();
    const paths = new Set<string>();
    if (base.kind === 'stage') depends.add(stages[base.stage]!.stage.name);
    if (folded.some(({ reasons }) => reasons.wholeContext.length > 0)) paths.add('.');
    const refused = faultOf(stages, stage.index);
    for (const step of steps) {
      if (step.wholeContext.length > 0) paths.add('.');
      for (const read of step.reads) {
        if (read.kind === 'stage') depends.add(stages[read.stage]!.stage.name);
        else if (read.kind === 'image') images.add(read.reference);
        else if (read.kind === 'bind') paths.add(folder(read.source));
        else read.sources.forEach((path) => paths.add(folder(path)));
      }
    }
    return {
      name: stage.name,
      index: stage.index,
      line: stage.from.line,
      base:
        base.kind === 'stage'
          ? { kind: 'stage', stage: stages[base.stage]!.stage.name }
          : base.kind === 'image'
            ? { kind: 'image', reference: base.reference }
            : base,
      output: outputs[stage.index]!,
      dependsOn: [...depends].sort(),
      images: [...images].sort(),
      contextPaths: paths.has('.') ? ['.'] : [...paths].sort(),
      runs:
        outputs[stage.index]!.kind === 'paths' ||
        steps.some(({ planned }) => planned.keyword === 'RUN'),
      ...(refused && { refused }),
    };
  });
}

/** The stages wanted as images: the named ones, the last one, and those that no other stage uses. */
export function targetIndexes(stages: EvaluatedStage[], names: string[]): Set<number> {
  const used = new Set<number>();
  for (const { base, steps } of stages) {
    if (base.kind === 'stage') used.add(base.stage);
    for (const read of steps.flatMap(({ reads }) => reads))
      if (read.kind === 'stage') used.add(read.stage);
  }
  const wanted = stages.filter(
    ({ stage }) =>
      stage.index === stages.length - 1 || !used.has(stage.index) || names.includes(stage.name),
  );
  return new Set(wanted.map(({ stage }) => stage.index));
}

function folder(source: string): string {
  const parts = contextPath(source.replace('/./', '/')).split('/');
  const wild = parts.findIndex(hasWildcards);
  return (wild < 0 ? parts : parts.slice(0, wild)).join('/') || '.';
}
