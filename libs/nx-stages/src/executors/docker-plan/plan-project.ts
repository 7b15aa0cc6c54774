import type { Task } from '@nx/devkit';
import {
  type DockerOptions,
  DockerProject,
  dockerTarget,
  type KeyedPlan,
  writePlans,
} from '@excel2doc/stages';
import { type RunContext, type TaskContext, projectOf } from '../project';
import { CopiedInGraph } from './awaited';
import { refuseUnread } from './unread';

/**
 * Plans a Dockerfile, as its target `docker-plan` does.
 *
 * @param say told what people should know; nobody asks where it is absent
 */
export async function planProject(
  project: DockerProject,
  context: RunContext,
  say?: (line: string) => void,
): Promise<KeyedPlan[]> {
  refuseUnread(project.options, context);
  const copied = new CopiedInGraph(project, context);
  copied.refuseUnawaited();
  const plans = await writePlans(project, say ?? (() => undefined));
  if (say) copied.byChance(plans).forEach(say);
  return plans;
}

/** By the graph of a run. */
const planned = new WeakMap<object, Map<string, Promise<KeyedPlan[]>>>();

/**
 * Plans a Dockerfile once a run in this process, whichever of its stages is first to ask: two that ask
 * at once would write at once.
 */
export function planOnce(project: DockerProject, context: RunContext): Promise<KeyedPlan[]> {
  const run = context.taskGraph ?? context;
  const known = planned.get(run) ?? new Map<string, Promise<KeyedPlan[]>>();
  planned.set(run, known);
  const { home, options, buildArgs } = project;
  const name = JSON.stringify([home, { ...options, stage: undefined }, buildArgs]);
  const plans = known.get(name) ?? planProject(project, context);
  known.set(name, plans);
  return plans;
}

/**
 * The Dockerfile that a stage is of, with the options of the target that plans it: what somebody sets
 * there holds for the stages.
 *
 * @param own the stage's options
 */
export function plannedProject(
  own: DockerOptions,
  context: RunContext,
  configuration?: string,
): DockerProject {
  const { projectsConfigurations, projectName = '' } = context;
  const targets = projectsConfigurations?.projects[projectName]?.targets ?? {};
  const plan = targets[dockerTarget('plan', own.variant)];
  // Told of each stage by itself: all are planned in one.
  const { secrets: _secrets, ssh: _ssh, secretVersion: _version, ...source } = own;
  const named = configuration ?? plan?.defaultConfiguration;
  return new DockerProject(projectOf(context), {
    ...source,
    ...plan?.options,
    ...(named !== undefined && plan?.configurations?.[named]),
  });
}

/** What a task is run with: its target's options, those of its configuration, what was typed. */
export function optionsOf(
  { target, overrides }: Task,
  { projectsConfigurations }: RunContext,
): Record<string, unknown> {
  const found = projectsConfigurations?.projects[target.project]?.targets?.[target.target];
  const typed = Object.entries(overrides).filter(([name]) => !name.startsWith('__overrides'));
  return {
    ...found?.options,
    ...(target.configuration !== undefined && found?.configurations?.[target.configuration]),
    ...Object.fromEntries(typed),
  };
}

/** The task that an executor runs as; undefined where Nx has none. */
export function taskOf({
  task,
  taskGraph,
  projectName,
  targetName,
}: TaskContext): Task | undefined {
  if (task) return task;
  return Object.values(taskGraph?.tasks ?? {}).find(
    ({ target }) => target.project === projectName && target.target === targetName,
  );
}
