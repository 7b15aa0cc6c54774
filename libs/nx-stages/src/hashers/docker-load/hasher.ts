import { createHash } from 'node:crypto';
import type { Task } from '@nx/devkit';
import {
  type DockerOptions,
  imageIsThere,
  type ImageToLoad,
  keyOfNothing,
} from '@excel2doc/stages';
import { optionsOf } from '../../executors/docker-plan/plan-project';
import { WAS_THERE } from '../../executors/docker-load/key';
import { dockerProject } from '../../executors/project';
import { hasher } from '../hasher';

/**
 * Asks the engine whether it has the image, which no key can tell: engines are not cached, and images
 * are removed. It has: a hit, and no process is started. It has not: the task runs, and is neither
 * looked up nor kept.
 */
export default hasher(
  async (task, context) => {
    const options = optionsOf(task, context) as unknown as DockerOptions & ImageToLoad;
    if (!(await imageIsThere(dockerProject(options, context), options, context.env)))
      return toRun(task);
    const { project, target } = task.target;
    const name = createHash('sha256').update(JSON.stringify([project, target, options.image]));
    return `${WAS_THERE}${name.digest('hex')}`;
  },
  // Also where it is not known: the executor finds out, and says what is wrong.
  (task) => Promise.resolve(toRun(task)),
);

function toRun(task: Task): string {
  task.cache = false;
  return keyOfNothing();
}
