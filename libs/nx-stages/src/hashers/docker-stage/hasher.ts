import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Task } from '@nx/devkit';
import {
  type DockerOptions,
  type DockerProject,
  keepAnswers,
  keyOfNothing,
  stageKey,
} from '@excel2doc/stages';
import { optionsOf, plannedProject, planOnce } from '../../executors/docker-plan/plan-project';
import { isMadeUnder } from '../../executors/docker-image/made-under';
import { besidesPlan } from '../../executors/docker-image/planned';
import type { RunContext } from '../../executors/project';
import { showLive } from '../../run/show-live';
import { type Asked, hasher, type Key } from '../hasher';

/**
 * The key of a stage: plans its Dockerfile, once a run, writes the plans, and answers what the stage
 * reads. Nx asks when all that the task depends on has ended, so the images below lie there.
 */
export default hasher(async (task, context) => {
  const key = await keyOfStage(task, context);
  // Not of one that was made already.
  if (task.endTime === undefined) await showLive(context.root, context.taskGraph, task, key.key);
  return key;
}, keyOfUnknown);

/** Also of what was planned in vain: the executor would build what was planned before. */
export async function keyOfUnknown(task: Task, context: Asked): Promise<Key> {
  const { project, stage } = stageOf(task, context);
  await rm(join(project.planDir, `${stage}.json`), { force: true }).catch(() => undefined);
  return { key: keyOfNothing(), isKept: false };
}

export async function keyOfStage(task: Task, context: Asked): Promise<Key> {
  const { project, stage } = stageOf(task, context);
  const plan = (await planOnce(project, context)).find((each) => each.stage === stage);
  if (!plan) throw new Error(`${project.dockerfile} has no stage ${stage}`);
  // A password manager is asked once, by whichever stage is built first.
  if (plan.secrets?.some(({ kind }) => kind === 'secret')) keepAnswers();
  const key = await stageKey(project, plan, besidesPlan(task, context));
  // Asked for after it was made: by then it may be another one that lies there, or is planned.
  if (task.endTime !== undefined && !(await isMadeUnder(project, stage, key)))
    return { key: keyOfNothing(), isKept: false };
  const own = await ownInputs(task, context);
  return { key: own === undefined ? key : `${own}-${key}`, isKept: true };
}

function stageOf(task: Task, context: RunContext): { project: DockerProject; stage: string } {
  const options = optionsOf(task, context) as unknown as DockerOptions & { stage: string };
  const project = plannedProject(options, context, task.target.configuration);
  return { project, stage: options.stage };
}

/** Nx's own hash, where somebody gave the target inputs that are not the plugin's. */
async function ownInputs(task: Task, context: Asked) {
  const { project, target } = task.target;
  const inputs = context.projectsConfigurations?.projects[project]?.targets?.[target]?.inputs ?? [];
  const isOurs = (input: (typeof inputs)[number]) =>
    typeof input === 'object' &&
    ('dependentTasksOutputFiles' in input ||
      ('externalDependencies' in input && input.externalDependencies.length === 0));
  if (inputs.every(isOurs)) return undefined;
  return (await context.hasher.hashTask(task, context.taskGraph, context.env ?? {})).value;
}
