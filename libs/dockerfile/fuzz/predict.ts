import { hasWildcards } from '@excel2doc/go-text';
import { FileIndex } from '../src/context/file-index';
import { followLinks, linkTargets } from '../src/context/follow';
import type { Taken } from '../src/context/source';
import { ContextTree } from '../src/context/tree';
import { parseDockerfile } from '../src/dockerfile';
import { DockerfileError } from '../src/error';
import { contextPath } from '../src/context/path';
import { readIgnoreRules } from '../src/ignore/ignore-file';
import type { PlanFile, StagePlan } from '../src/plan';
import { FileSet, takeRead } from '../src/plan/files';
import { planStages } from '../src/plan/plan-stages';
import { serialisePlan } from '../src/serialise';
import { evaluateStages } from '../src/stage/evaluate';

export type Prediction =
  | {
      kind: 'built';
      /** Each COPY's destination folder, with what is in it. */
      delivered: Map<string, Map<string, string>>;
      plan: StagePlan;
      key: string;
    }
  | { kind: 'refused'; error: DockerfileError }
  /**
   * Not our question: two sources of one COPY want one name for a folder and a file, or a wildcard
   * takes a folder with a dangling link in it, which BuildKit refused before 0.25 and copies since; or a link leads to a name with wildcard
   * characters, which BuildKit takes for a pattern and so does not find.
   */
  | { kind: 'clash' };

/** What the library says of `FROM scratch` and these COPYs, each to a folder of its own. */
export function predict(contextDir: string, instructions: string[], argument = ''): Prediction {
  const source = ['FROM scratch', ...instructions, ''].join('\n');
  try {
    const dockerfile = parseDockerfile(source, { file: 'Dockerfile' });
    const buildArgs = { SOURCE: argument };
    const [file] = planStages(dockerfile, { contextDir, platforms: ['linux/amd64'], buildArgs });
    const plan = file!.platforms[0]!;
    const delivered = deliveries(contextDir, source, buildArgs);
    if (!delivered) return { kind: 'clash' };
    return { kind: 'built', delivered, plan, key: serialisePlan(file!) };
  } catch (error) {
    if (error instanceof DockerfileError) return { kind: 'refused', error };
    throw error;
  }
}

function deliveries(
  contextDir: string,
  source: string,
  buildArgs: Record<string, string>,
): Map<string, Map<string, string>> | undefined {
  const dockerfile = parseDockerfile(source, { file: 'Dockerfile' });
  const rules = readIgnoreRules(`${contextDir}/Dockerfile`, contextDir);
  const [stage] = evaluateStages(dockerfile, { platform: 'linux/amd64', buildArgs });
  const tree = new ContextTree(contextDir, rules);
  const reader = { tree, index: new FileIndex(), file: 'Dockerfile', steps: stage!.steps };
  const delivered = new Map<string, Map<string, string>>();
  for (const step of stage!.steps)
    for (const read of step.reads) {
      if (read.kind !== 'copy' || read.destination === undefined) continue;
      if (read.sources.some((source) => meetsWildcards(tree, source))) return undefined;
      const files = new Map<string, string>();
      for (const taken of takeRead(reader, step, read)) {
        if (taken.path !== taken.entry.path && hasWildcards(taken.entry.path)) return undefined;
        if (taken.root) continue;
        if (read.sources.some(hasWildcards) && dangles(reader.tree, taken)) return undefined;
        const same = taken.linkedTo ? ` = ${taken.linkedTo.target}` : '';
        const described = describeTaken(reader, taken) + same;
        const before = files.get(taken.target);
        if (before && isFolder(before) !== isFolder(described)) return undefined;
        files.set(taken.target, described);
      }
      delivered.set(read.destination.replace(/^\/|\/$/g, ''), files);
    }
  return delivered;
}

/** Whether a link on the way of a source leads to a name with wildcard characters. */
function meetsWildcards(tree: ContextTree, source: string): boolean {
  return contextPath(source)
    .split('/')
    .some((_, at, parts) =>
      linkTargets(tree, parts.slice(0, at + 1).join('/')).some((target) => hasWildcards(target)),
    );
}

function dangles(tree: ContextTree, { entry }: Taken): boolean {
  if (entry.type !== 'symlink') return false;
  const end = followLinks(tree, entry.path);
  return end === undefined || !tree.entry(end);
}

function isFolder(described: string): boolean {
  return described.startsWith('directory');
}

function describeTaken(reader: ConstructorParameters<typeof FileSet>[0], taken: Taken): string {
  const set = new FileSet(reader);
  set.add(taken);
  return describePlanFile(set.sorted()[0]!);
}

export function describePlanFile(file: PlanFile): string {
  if (file.type === 'symlink') return `symlink ${file.link}`;
  return file.type === 'file' ? `file ${file.mode} ${file.digest}` : `${file.type} ${file.mode}`;
}
