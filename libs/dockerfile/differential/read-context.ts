import { hasCircle } from './circle';
import { contextPath } from '../src/context/path';
import { parseDockerfile } from '../src/dockerfile';
import { DockerfileError } from '../src/error';
import type { RuleSet } from '../src/rules';
import { faultOf } from '../src/stage/fault';
import { readByRules } from '../src/stage/reading';
import type { EvaluatedStage } from '../src/stage/step';
import type { DockerfileCase } from './dockerfiles';
import { baseImages } from './dockerfiles';
import type { Answer } from './oracle';

export interface ContextReads {
  copies: string[];
  mounts: string[];
}

/** Whether BuildKit of these rules can be asked at all. */
export function canBeAsked(rules: RuleSet, { text }: DockerfileCase): boolean {
  try {
    return rules >= 34 || !hasCircle(parseDockerfile(text, { file: 'Dockerfile', rules }));
  } catch {
    return true;
  }
}

/** What a build of the target reads of its context by the library, or why it is refused. */
export function libraryReads(rules: RuleSet, each: DockerfileCase): ContextReads | string {
  try {
    const dockerfile = parseDockerfile(each.text, { file: 'Dockerfile', rules });
    const digest = `sha256:${'0'.repeat(64)}`;
    const bases = Object.fromEntries(
      Object.entries(baseImages).map(([name, facts]) => [name, { digest, ...facts }]),
    );
    const { args: buildArgs, target } = each;
    const options = { platform: 'linux/amd64', buildArgs, bases, target, rules };
    const { stages } = readByRules(dockerfile, options);
    const index = targetIndex(stages, target);
    const fault = faultOf(stages, index);
    if (fault) return fault.message;
    return readsOf(stages, index);
  } catch (error) {
    if (error instanceof DockerfileError) return error.message;
    throw error;
  }
}

function targetIndex(stages: readonly EvaluatedStage[], target: string | undefined): number {
  if (target === undefined) return stages.length - 1;
  const index = stages.findLastIndex(
    ({ stage }) => stage.declaredName !== '' && stage.declaredName === target.toLowerCase(),
  );
  if (index < 0) throw new DockerfileError('UNKNOWN_STAGE', { message: `no stage ${target}` });
  return index;
}

function readsOf(stages: readonly EvaluatedStage[], target: number): ContextReads {
  const needed = new Set<number>();
  const visit = (at: number): void => {
    if (needed.has(at)) return;
    needed.add(at);
    const { base, steps } = stages[at]!;
    if (base.kind === 'stage') visit(base.stage);
    for (const read of steps.flatMap(({ reads }) => reads))
      if (read.kind === 'stage') visit(read.stage);
  };
  visit(target);
  const reads = [...needed].flatMap((at) => stages[at]!.steps.flatMap((step) => step.reads));
  return {
    copies: sorted(
      reads.flatMap((read) =>
        read.kind === 'copy'
          ? read.sources.map((source) => shown(source, read.parents, read.exclude))
          : [],
      ),
    ),
    mounts: sorted(
      reads.flatMap((read) => (read.kind === 'bind' ? [contextPath(read.source)] : [])),
    ),
  };
}

function shown(source: string, parents: boolean, exclude: readonly string[]): string {
  const pivot = source.indexOf('/./');
  const from = !parents ? source : pivot < 0 ? '' : source.slice(0, pivot);
  const include = parents ? [contextPath(pivot < 0 ? source : source.slice(pivot + 3))] : [];
  return JSON.stringify([contextPath(from), include, exclude]);
}

/** The same of BuildKit's answer. */
export function buildkitReads({ copies = [], mounts = [] }: Answer): ContextReads {
  return {
    copies: sorted(
      copies.map(({ from, include = [], exclude = [] }) =>
        JSON.stringify([contextPath(from), include, exclude]),
      ),
    ),
    mounts: sorted(mounts.map(contextPath)),
  };
}

// BuildKit does once what two stages do alike.
const sorted = (list: readonly string[]) => [...new Set(list)].sort();

export const oracleImages = Object.fromEntries(
  Object.entries(baseImages).map(([name, { env, onbuild }]) => [
    `docker.io/library/${name}:latest`,
    {
      architecture: 'amd64',
      os: 'linux',
      config: {
        Env: Object.entries(env).map((pair) => pair.join('=')),
        OnBuild: onbuild,
        // What we cannot know, so that nothing hangs on it.
        WorkingDir: '/somewhere',
      },
      rootfs: { type: 'layers', diff_ids: [`sha256:${'0'.repeat(64)}`] },
    },
  ]),
);
