import type { ExecutorContext, TargetConfiguration } from '@nx/devkit';
import type { DockerOptions } from '../executors/options';
import { dockerTarget } from './paths';

type Args = Record<string, string>;

/**
 * Arguments that a Compose or Bake file declares stand in the metadata of `docker-plan`, not in its
 * options: Nx hashes the options of all of a project's targets into each of its keys, and metadata
 * into none. A value then changes the plans of the stages that use it, and no more.
 */
export const declaredArgs = (buildArgs: Args | undefined) => ({ ...(buildArgs && { buildArgs }) });

/** The arguments of a build: those declared, with those of the target's own options over them. */
export function buildArgsOf(
  plan: Pick<TargetConfiguration, 'metadata'> | undefined,
  options: Pick<DockerOptions, 'buildArgs'>,
): { buildArgs?: Args } {
  const declared = (plan?.metadata as { buildArgs?: Args } | undefined)?.buildArgs;
  return declaredArgs(
    declared || options.buildArgs ? { ...declared, ...options.buildArgs } : undefined,
  );
}

/** `buildArgsOf` for what runs as a task: an executor of any target of the Dockerfile. */
export function taskBuildArgs(
  { projectName = '', projectsConfigurations }: ExecutorContext,
  options: Pick<DockerOptions, 'buildArgs' | 'variant'>,
): { buildArgs?: Args } {
  const project = projectsConfigurations.projects[projectName];
  return buildArgsOf(project?.targets?.[dockerTarget('plan', options.variant)], options);
}
