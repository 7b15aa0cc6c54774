import type { ProjectConfiguration, TargetConfiguration } from '@nx/devkit';
import { meets, outputsOf, type TargetOutput } from './target-outputs';
import type { TrackedFiles } from './tracked-files';

/** A target that makes something which an image copies. */
export interface Maker {
  project: string;
  target: string;
}

export const makerName = ({ project, target }: Maker) => `${project}:${target}`;

/**
 * The targets whose outputs `path` is, holds or lies in. A file that git knows is nobody's, and a
 * folder that it knows is none of what Nx only assumes.
 */
export function makersIn(
  outputs: readonly TargetOutput[],
  tracked: Pick<TrackedFiles, 'kind'>,
  path: string,
): Maker[] {
  const known = tracked.kind(path);
  if (known === 'file') return [];
  const met = outputs.filter(
    ({ isAssumed, path: output }) => !(known && isAssumed) && meets(path, output),
  );
  const byName = new Map(
    met.map(({ project, target }) => [`${project}:${target}`, { project, target }]),
  );
  return [...byName.keys()].sort().map((name) => byName.get(name)!);
}

/** A target of this plugin, inferred or written out in a project file. */
export function isOurs(target: string, { executor }: TargetConfiguration): boolean {
  return target.startsWith('docker-') || executor?.startsWith('@excel2doc/nx-stages:') === true;
}

/** Who makes what in a workspace. */
export interface Lookup {
  makersAt(path: string): Maker[];
  /** Whether it is a project's folder, or one that holds some. */
  isProjectOrAbove(path: string): boolean;
}

/** Who makes what, of a graph that is made: what every plugin infers is known. */
export class GraphOutputs implements Lookup {
  readonly outputs: readonly TargetOutput[];
  private readonly roots: readonly string[];

  constructor(
    projects: Readonly<Record<string, ProjectConfiguration>>,
    private readonly tracked: Pick<TrackedFiles, 'kind'>,
  ) {
    this.roots = Object.values(projects).map(({ root }) => root);
    this.outputs = Object.entries(projects).flatMap(([name, { root, targets = {} }]) =>
      Object.entries(targets).flatMap(([target, configuration]) =>
        isOurs(target, configuration) ? [] : outputsOf({ root, name }, target, configuration),
      ),
    );
  }

  makersAt(path: string): Maker[] {
    return makersIn(this.outputs, this.tracked, path);
  }

  isProjectOrAbove(path: string): boolean {
    return path === '.' || this.roots.some((root) => root === path || root.startsWith(`${path}/`));
  }
}
