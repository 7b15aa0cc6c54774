import { declaredOf, type Describing } from '@excel2doc/stages';
import { taskOf } from './docker-plan/plan-project';
import type { TaskContext } from './project';

/** The options of a target with what a Compose or Bake file says about its image. */
export function described<T extends Describing>(
  options: T,
  context: TaskContext,
  target = taskOf(context)?.target.target ?? context.targetName ?? '',
): T {
  const project = context.projectsConfigurations?.projects[context.projectName ?? ''];
  const declared = declaredOf(project?.targets?.[target]?.metadata);
  return declared ? { ...options, declared } : options;
}
