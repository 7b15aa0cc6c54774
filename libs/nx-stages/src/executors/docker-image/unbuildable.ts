import type { Task } from '@nx/devkit';
import { checkSecrets, type DockerProject, readPlan } from '@excel2doc/stages';
import { makesStage } from '../../infer/image-targets';
import type { RunContext } from '../project';

/**
 * Looks, before a stage is built, at the stages of this run that wait for it: one of them is built next,
 * and says then that a secret is missing, after minutes. A stage that does not wait for it may be a hit,
 * which needs none.
 *
 * @throws StagesError `SECRET_MISSING`
 */
export async function refuseUnbuildable(
  project: DockerProject,
  task: Task | undefined,
  { taskGraph, projectsConfigurations, projectName = '' }: RunContext,
): Promise<void> {
  const { tasks = {}, dependencies = {} } = taskGraph ?? {};
  if (!task) return;
  const targets = projectsConfigurations?.projects[projectName]?.targets ?? {};
  const above = new Set([task.id]);
  for (let size = 0; size !== above.size;) {
    size = above.size;
    for (const [id, on] of Object.entries(dependencies))
      if (on.some((each) => above.has(each))) above.add(id);
  }
  for (const id of above) {
    const { project: of, target } = tasks[id]?.target ?? {};
    const found = targets[target ?? ''];
    if (of !== projectName || !found || !makesStage(found)) continue;
    const { stage, variant } = found.options as { stage: string; variant?: string };
    if (variant !== project.variant) continue;
    const plan = await readPlan(project, stage).catch(() => undefined);
    if (plan) checkSecrets(project, stage, plan);
  }
}
