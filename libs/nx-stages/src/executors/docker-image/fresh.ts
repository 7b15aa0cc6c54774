import {
  type DockerOptions,
  freshen,
  type ImageToLoad,
  runTarget,
  stageTarget,
} from '@excel2doc/stages';
import { plannedProject, taskOf } from '../docker-plan/plan-project';
import type { TaskContext } from '../project';
import { sayLine } from '../report';

/**
 * `docker-build --fresh`: the lock says from now on that the Dockerfile's RUN steps are made anew, and its
 * stages are made once more. Nx has made or restored them by their keys of before when it comes here.
 */
export async function makeFresh(
  options: DockerOptions & ImageToLoad,
  context: TaskContext,
): Promise<void> {
  const configuration = taskOf(context)?.target.configuration;
  const project = plannedProject(options, context, configuration);
  // As it comes: what takes minutes stands below.
  await freshen(project, new Date(), sayLine);
  const { projectName = '', projectsConfigurations, root } = context;
  const target = stageTarget(options.stage, options.variant);
  const { configurations } = projectsConfigurations?.projects[projectName]?.targets?.[target] ?? {};
  const has = configuration !== undefined && configurations?.[configuration] !== undefined;
  const named = [projectName, target, ...(has ? [configuration] : [])].join(':');
  await runTarget(root, named, new AbortController().signal);
}
