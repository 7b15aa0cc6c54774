import type { TargetConfiguration } from '@nx/devkit';
import {
  checkNames,
  declaredOf,
  type Describing,
  type NamedImage,
  type Naming,
} from '@excel2doc/stages';
import { loadsImage } from '../../infer/image-targets';
import { optionsOf } from './plan-project';
import type { RunContext } from '../project';

const doesBy = (executor: RegExp) => (target: TargetConfiguration) =>
  executor.test(target.executor ?? '');
const pushes = doesBy(/:docker-push$/);
const releases = doesBy(/:docker-release$/);

/**
 * Refuses names that this run would give an image and that none can have, whichever of its tasks comes
 * first: nobody waits for a build whose image cannot be named.
 *
 * @throws StagesError `NAME_INVALID`, `NAME_TAKEN`, `TAG_INVALID`
 */
export function refuseNames(context: RunContext): void {
  const { taskGraph, projectsConfigurations } = context;
  const projects = Object.entries(projectsConfigurations?.projects ?? {});
  const asked = Object.values(taskGraph?.tasks ?? {}).flatMap((task) => {
    const { project, target } = task.target;
    const targets = projectsConfigurations?.projects[project]?.targets ?? {};
    const found = targets[target];
    // It has no name of its own: it pushes what the others do.
    if (found && releases(found)) return namedBy(pushes, project, targets);
    if (!found || !(loadsImage(found) || pushes(found))) return [];
    return named(project, target, { ...found, options: optionsOf(task, context) });
  });
  if (asked.length === 0) return;
  const all = projects.flatMap(([project, { targets = {} }]) =>
    namedBy(loadsImage, project, targets),
  );
  for (const image of asked) checkNames(image, all);
}

function namedBy(
  does: (target: TargetConfiguration) => boolean,
  project: string,
  targets: Record<string, TargetConfiguration>,
): NamedImage[] {
  return Object.entries(targets)
    .filter(([, found]) => does(found))
    .map(([target, found]) => named(project, target, found));
}

type Options = Naming & Describing & { image?: string; repository?: string };

function named(
  project: string,
  target: string,
  { options = {}, metadata }: TargetConfiguration<Options>,
): NamedImage {
  const { image = '', repository, tag, tags, skipDefaultTag, labels, annotations } = options;
  return {
    target: `${project}:${target}`,
    project,
    image,
    repository,
    tag,
    tags,
    skipDefaultTag,
    labels,
    annotations,
    declared: declaredOf(metadata),
  };
}
