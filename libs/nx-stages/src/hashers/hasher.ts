import type { HasherContext, Task } from '@nx/devkit';
import { workspaceRoot } from 'nx/src/utils/workspace-root';
import type { RunContext } from '../executors/project';
import { keepRecord } from '../run/keep-record';

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

/** Each run has one task graph; a task is asked for twice where two of Nx's loops meet. */
const answers = new WeakMap<object, Map<string, Promise<Answer>>>();

/**
 * A hasher as Nx calls it. It never throws: that would end the whole run, not a task. What goes wrong
 * is `otherwise`'s to answer, and the executor's to say.
 *
 * It runs in Nx's own process, so nothing is printed and nothing is started here.
 */
export function hasher(
  keyOf: (task: Task, context: Asked) => Promise<string>,
  otherwise: (task: Task, context: Asked) => Promise<string>,
) {
  return (task: Task, given: HasherContext): Promise<Answer> => {
    const context = { ...given, root: workspaceRoot, projectName: task.target.project };
    const known = answers.get(given.taskGraph) ?? new Map<string, Promise<Answer>>();
    answers.set(given.taskGraph, known);
    const answer =
      known.get(task.id) ??
      answered(
        async () => {
          keepRecord(given.taskGraph, workspaceRoot);
          return keyOf(task, context);
        },
        () => otherwise(task, context),
      );
    known.set(task.id, answer);
    return answer;
  };
}

async function answered(
  key: () => Promise<string>,
  otherwise: () => Promise<string>,
): Promise<Answer> {
  const value = await key().catch(otherwise);
  return { value, details: { command: value, nodes: {} } };
}
