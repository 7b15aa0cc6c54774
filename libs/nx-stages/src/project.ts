import type { ExecutorContext } from '@nx/devkit';
import { homeOf } from './infer/paths';

/** Root of the project that the executor runs for, relative to the workspace. */
export function projectRootOf(context: ExecutorContext): string {
  const project = context.projectsConfigurations.projects[context.projectName ?? ''];
  return project?.root ?? '.';
}

/**
 * Where the outputs of one Dockerfile go below dist: the project's root, with the Dockerfile's name
 * behind it if it is not the project's main one.
 */
export function outputHome(
  context: ExecutorContext,
  { variant }: { variant?: string | undefined },
): string {
  return homeOf(projectRootOf(context), variant);
}
