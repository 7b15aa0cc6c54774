import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Task } from '@nx/devkit';
import {
  type DockerProject,
  isStageKey,
  type KeyedPlan,
  outputRoot,
  readPlan,
  stageKey,
  StagesError,
} from '@excel2doc/stages';
import { optionsOf, planOnce, planProject } from '../docker-plan/plan-project';
import type { RunContext } from '../project';

const SECRET_OPTIONS = ['secrets', 'ssh', 'secretVersion'];

/** What a stage's output hangs on besides its plan: who makes it, where it goes, and how. */
export function besidesPlan(task: Task, context: RunContext): unknown {
  const { project, target } = task.target;
  const options = { ...optionsOf(task, context) };
  // Where a secret comes from is this machine's; whether it is there stands in the plan. What is refused
  // may not be a hit.
  const refused = typedSecrets(task, context);
  for (const name of SECRET_OPTIONS) if (!refused.includes(name)) delete options[name];
  return { project, target, outputs: task.outputs, options };
}

/**
 * A stage's secrets are those of its target: the plan of all stages is made from them.
 *
 * @throws StagesError `SECRET_INVALID` where they were typed, which would be dropped in silence
 */
export function refuseTypedSecrets(task: Task | undefined, context: RunContext): void {
  const [typed] = task ? typedSecrets(task, context) : [];
  if (typed === undefined) return;
  throw new StagesError('SECRET_INVALID', {
    message: `${typed} of a stage cannot be given on the command line or by a configuration`,
    hint: `Set "${typed}" in the options of ${task?.target.target} in the project's configuration, or in nx.json`,
  });
}

/** Options of secrets that stand elsewhere than in the target's own options. */
function typedSecrets({ target: task, overrides }: Task, context: RunContext): string[] {
  const { project, target, configuration = '' } = task;
  const found = context.projectsConfigurations?.projects[project]?.targets?.[target];
  const others: Record<string, unknown> = {
    ...found?.configurations?.[configuration],
    ...overrides,
  };
  return SECRET_OPTIONS.filter((name) => others[name] !== undefined);
}

/**
 * Keeps which key a stage is made under, as it is when that begins. Of this machine, and of no use
 * once the run has ended.
 */
export async function keepKey(
  project: DockerProject,
  plan: KeyedPlan,
  task: Task,
  context: RunContext,
): Promise<void> {
  const path = keptKey(project, plan.stage);
  // An image below may have gone, restored by Nx's word alone: whoever makes the stage mends that, and
  // under no key is anything kept of it.
  const key = await stageKey(project, plan, besidesPlan(task, context)).catch(() => undefined);
  if (key === undefined) return rm(path, { force: true });
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, key);
}

/** Whether a stage was made under a key. */
export async function isMadeUnder(
  project: DockerProject,
  stage: string,
  key: string,
): Promise<boolean> {
  return (await readFile(keptKey(project, stage), 'utf8').catch(() => undefined)) === key;
}

const keptKey = (project: DockerProject, stage: string) =>
  project.absolute(join(outputRoot(project.home), 'made', stage));

/**
 * Has the plan on disk that the task's key was made from. Where no key says so (nobody hashed the
 * task, or its hasher could not plan) it is planned now, which says what is wrong.
 *
 * @throws StagesError `FILE_CHANGED` where it is another one by now: an output made from it would be
 *   kept under a key that is not its own
 */
export async function ensurePlanned(
  project: DockerProject,
  stage: string,
  task: Task | undefined,
  context: RunContext,
): Promise<KeyedPlan> {
  const key = task?.hash;
  const planned = async () => {
    await planProject(project, context);
    return readPlan(project, stage);
  };
  // The key is made when the images below are: see `keepKey`. So is the plan, which names those of other
  // projects by digest: its hasher may have planned nothing, and what lies there is an earlier run's.
  if (key === '') {
    await planOnce(project, context);
    return readPlan(project, stage);
  }
  if (!task || key === undefined || !isStageKey(key)) return planned();
  const isKeyed = async (plan: KeyedPlan) =>
    plan.madeAt !== undefined ||
    key.endsWith(await stageKey(project, plan, besidesPlan(task, context)));
  const lying = await readPlan(project, stage).catch(() => undefined);
  if (lying && (await isKeyed(lying))) return lying;
  const plan = await planned();
  if (await isKeyed(plan)) return plan;
  throw new StagesError('FILE_CHANGED', {
    message: `What stage ${stage} reads changed after it was planned`,
    hint: 'Run it again',
  });
}
