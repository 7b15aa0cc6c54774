import { getCache } from 'nx/src/tasks-runner/cache';
import type { Task } from '@nx/devkit';
import { type DockerOptions, isStageKey, type StageToMake } from '@excel2doc/stages';
import { plannedProject, taskOf } from '../docker-plan/plan-project';
import type { TaskContext } from '../project';
import { isMadeUnder } from './made-under';
import { makeTask } from './make';

/**
 * Makes a stage in a process of its own, unless it is kept: for a task that comes to be run while Nx makes
 * the key of another one, Nx looks nothing up. Its own cache is asked here, as Nx asks it: this machine's,
 * then the remote one. A batch needs none of this.
 *
 * @param show see `makeTask`
 * @see task-orchestrator.ts of Nx 23.2, executeCoordinatorLoop: step 3 makes keys, step 2 looks them up
 */
export async function takeOrMake(
  options: DockerOptions & StageToMake,
  context: TaskContext,
  say: (line: string) => void,
  show?: (line: string) => void,
): Promise<void> {
  const said = await taken(options, context);
  if (said === undefined) return makeTask(options, context, say, show);
  if (said !== '') say(said);
  say(`${options.stage} was cached: Nx ran it without looking`);
}

/** What was said of a stage that is kept and in place now; undefined where it has to be made. */
async function taken(options: StageToMake & DockerOptions, context: TaskContext) {
  const task = taskOf(context);
  const key = task?.hash ?? '';
  if (!task || !isStageKey(key) || task.cache === false) return undefined;
  if (process.env['NX_SKIP_NX_CACHE'] === 'true') return undefined;
  // A cache that does not answer is Nx's to speak of.
  const said = await restored(task).catch(() => undefined);
  if (said === undefined) return undefined;
  // An entry of which nothing came, or something else, is made anew.
  const project = plannedProject(options, context, task.target.configuration);
  const own = /stage-[0-9a-f]{64}$/.exec(key)?.[0] ?? key;
  return (await isMadeUnder(project, options.stage, own)) ? said.trimEnd() : undefined;
}

/** Puts a task's outputs in place. */
async function restored(task: Task): Promise<string | undefined> {
  const isRemoteLeftOut = process.env['NX_SKIP_REMOTE_CACHE'] === 'true';
  const cache = getCache({ skipRemoteCache: isRemoteLeftOut } as Parameters<typeof getCache>[0]);
  if ('init' in cache) await cache.init();
  const entry = await cache.get(task);
  if (!entry || entry.code !== 0) return undefined;
  if (!entry.remote) await cache.copyFilesFromCache(task.hash!, entry, task.outputs);
  return entry.terminalOutput ?? '';
}
