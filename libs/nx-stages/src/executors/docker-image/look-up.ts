import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Task } from '@nx/devkit';
import { cacheDir } from 'nx/src/utils/cache-directory';
import { readPlan, stageKey } from '@excel2doc/stages';
import { besidesPlan } from './planned';
import { plannedProject, planOnce } from '../docker-plan/plan-project';
import type { TaskContext } from '../project';
import type { ImageOptions } from './options';

/**
 * Whether Nx should look a stage up before it is made: it had no key when the batch began, for a stage
 * below was to be made, and there is an entry under the key that it has now. Where Nx would not ask for
 * its key again once it is made, it is asked for now, so that it can be kept.
 */
export async function awaitsLookUp(
  options: ImageOptions,
  task: Task,
  context: TaskContext,
): Promise<boolean> {
  if (task.hash || process.env['NX_SKIP_NX_CACHE'] === 'true') return false;
  if (!isAskedAgain(task, context)) return true;
  try {
    const project = plannedProject(options, context, task.target.configuration);
    await planOnce(project, context);
    const plan = await readPlan(project, options.stage);
    const key = await stageKey(project, plan, besidesPlan(task, context));
    return existsSync(join(cacheDir, key));
  } catch {
    // Whoever makes it says what is wrong.
    return false;
  }
}

/** Whether Nx asks for a task's key when a batch has made it: the outputs of others are inputs of it. */
function isAskedAgain({ target: { project, target } }: Task, context: TaskContext): boolean {
  const found = context.projectsConfigurations?.projects[project]?.targets?.[target];
  return (found?.inputs ?? []).some(
    (input) => typeof input === 'object' && 'dependentTasksOutputFiles' in input,
  );
}
