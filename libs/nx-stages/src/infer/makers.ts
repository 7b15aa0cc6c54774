import type { ProjectConfiguration, TargetConfiguration } from '@nx/devkit';
import { andAbove, OutputIndex } from './output-index';
import { outputsOf, type TargetOutput } from './target-outputs';
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
  outputs: OutputIndex,
  tracked: Pick<TrackedFiles, 'kind'>,
  path: string,
): Maker[] {
  const meeting = outputs.meeting(path);
  // Of most paths nothing has to be asked.
  const known = meeting.length > 0 ? tracked.kind(path) : undefined;
  if (known === 'file') return [];
  const met = meeting.filter(({ isAssumed }) => !(known && isAssumed));
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
  private readonly index: OutputIndex;
  private readonly folders: ReadonlySet<string>;

  constructor(
    projects: Readonly<Record<string, ProjectConfiguration>>,
    private readonly tracked: Pick<TrackedFiles, 'kind'>,
  ) {
    this.folders = new Set(Object.values(projects).flatMap(({ root }) => andAbove(root)));
    this.outputs = Object.entries(projects).flatMap(([name, { root, targets = {} }]) =>
      Object.entries(targets).flatMap(([target, configuration]) =>
        isOurs(target, configuration) ? [] : outputsOf({ root, name }, target, configuration),
      ),
    );
    this.index = new OutputIndex(this.outputs);
  }

  makersAt(path: string): Maker[] {
    return makersIn(this.index, this.tracked, path);
  }

  isProjectOrAbove(path: string): boolean {
    return path === '.' || this.folders.has(path);
  }
}
