import type { Task } from '@nx/devkit';
import {
  type DockerProject,
  isStageKey,
  type KeyedPlan,
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
  // It saves downloads, and changes nothing that is made; nor does it matter whose machine runs a step.
  delete options['cacheMounts'];
  delete options['builders'];
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
  // The key is made when the images below are: see `madeUnderKey`. So is the plan, which names those of other
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
