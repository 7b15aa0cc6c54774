import type { HasherContext, Task } from '@nx/devkit';
import { getTaskDetails } from 'nx/src/hasher/hash-task';
import { workspaceRoot } from 'nx/src/utils/workspace-root';
import { keyOfNothing } from '@excel2doc/stages';
import type { RunContext } from '../executors/project';
import { keepRecord } from '../run/keep-record';
import { isBelowUnmade } from './unmade';

/** What Nx is answered. */
export interface Answer {
  value: string;
  details: { command: string; nodes: Record<string, string> };
}

/** Nx hands over that of the task, though its type does not say so. */
export interface Environment {
  env?: NodeJS.ProcessEnv;
}

/** What a hasher is told. */
export type Asked = RunContext & HasherContext & Environment;

/** A task's key, and whether anything may be kept under it. */
export interface Key {
  key: string;
  isKept: boolean;
}

/**
 * What Nx is answered for a task that cannot have a key yet. It takes an empty one for none: it looks
 * nothing up, and asks again when the batch has made what lies below.
 */
function notYet({ target }: Task): Key {
  // One that is not asked for again (its run is stopped, or has no cache) is written into Nx's history
  // of tasks, which refers to these.
  getTaskDetails()?.recordTaskDetails([{ hash: '', ...target }]);
  return { key: '', isKept: false };
}

/** Two of Nx's loops may ask for one task at one time. */
const asking = new WeakMap<Task, Promise<Answer>>();
/** `cache` of a task, as Nx had it. */
const cached = new WeakMap<Task, Task['cache']>();

/**
 * A hasher as Nx calls it. It never throws: that would end the whole run, not a task. What goes wrong
 * is `otherwise`'s to answer, and the executor's to say.
 *
 * Nx asks before the tasks below are run where it runs them in one batch, and once more afterwards. A
 * key made from what lies there before would be that of the images of an earlier run.
 *
 * It runs in Nx's own process, so nothing is printed and nothing is started here.
 */
export function hasher(
  keyOf: (task: Task, context: Asked) => Promise<Key>,
  otherwise: (task: Task, context: Asked) => Promise<Key>,
) {
  return (task: Task, given: HasherContext): Promise<Answer> => {
    const context = { ...given, root: workspaceRoot, projectName: task.target.project };
    const known = asking.get(task);
    if (known) return known;
    const keyed = async () => {
      keepRecord(given.taskGraph, workspaceRoot);
      if (await isBelowUnmade(task, context)) return notYet(task);
      return keyOf(task, context);
    };
    const answer = keyed()
      .catch(() => otherwise(task, context))
      .then((key) => answered(task, key))
      .finally(() => asking.delete(task));
    asking.set(task, answer);
    return answer;
  };
}

/**
 * The hasher of a task of which nothing is kept. It is there for Nx's own process, which does what the
 * task's cannot.
 *
 * @param offer told the task and its key, before the task is run
 */
export function hasherOfNone(
  offer: (root: string, task: Task, key: string) => Promise<void>,
): ReturnType<typeof hasher> {
  const none = async (): Promise<Key> => ({ key: keyOfNothing(), isKept: false });
  return hasher(async (task, { root }) => {
    const answer = await none();
    await offer(root, task, answer.key);
    return answer;
  }, none);
}

/** Nx reads from the task itself whether something is kept. */
function answered(task: Task, { key, isKept }: Key): Answer {
  if (!cached.has(task)) cached.set(task, task.cache);
  task.cache = isKept && cached.get(task) === true;
  return { value: key, details: { command: key, nodes: {} } };
}
