import type { TargetConfiguration, Task } from '@nx/devkit';
import type { DockerOptions } from '@excel2doc/stages';
import { optionsOf, plannedProject } from '../executors/docker-plan/plan-project';
import { isMadeUnder } from '../executors/docker-image/made-under';
import type { RunContext } from '../executors/project';
import { loadsImage, makesStage } from '../infer/image-targets';

/**
 * Whether a stage that a task stands on is still to be made in this run. One that has no end yet may
 * have been made elsewhere, by an agent: its output then is what its key says.
 */
export async function isBelowUnmade(task: Task, context: RunContext): Promise<boolean> {
  const { tasks = {}, dependencies = {} } = context.taskGraph ?? {};
  for (const id of dependencies[task.id] ?? []) {
    const below = tasks[id];
    if (!below || below.endTime !== undefined) continue;
    const target = targetOf(below, context);
    // One that stands on a load stands on the image that it brings into the engine.
    if (loadsImage(target) && (await isBelowUnmade(below, context))) return true;
    if (makesStage(target) && !(await isAsKeyed(below, context))) return true;
  }
  return false;
}

function targetOf({ target }: Task, { projectsConfigurations }: RunContext): TargetConfiguration {
  return projectsConfigurations?.projects[target.project]?.targets?.[target.target] ?? {};
}

async function isAsKeyed(task: Task, context: RunContext): Promise<boolean> {
  // With inputs of somebody else's in it, the key says more than what lies there does.
  if (!task.hash?.startsWith('stage-')) return false;
  const own = { ...context, projectName: task.target.project };
  const options = optionsOf(task, own) as unknown as DockerOptions & { stage: string };
  const project = plannedProject(options, own, task.target.configuration);
  return isMadeUnder(project, options.stage, task.hash);
}
