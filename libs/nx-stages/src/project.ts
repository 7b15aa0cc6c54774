import type { ExecutorContext } from '@nx/devkit';

/** Root of the project that the executor runs for, relative to the workspace. */
export function projectRootOf(context: ExecutorContext): string {
  const project = context.projectsConfigurations.projects[context.projectName ?? ''];
  return project?.root ?? '.';
}
