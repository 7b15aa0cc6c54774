import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDir } from 'nx/src/utils/cache-directory';
import type { Task } from '@nx/devkit';
import {
  type DockerOptions,
  imageIsThere,
  type ImageToLoad,
  keyOfNothing,
  wasLoadedSince,
} from '@excel2doc/stages';
import { optionsOf } from '../../executors/docker-plan/plan-project';
import type { Fresh } from '../../executors/docker-image/options';
import { WAS_THERE } from '../../executors/docker-image/key';
import { mistypedOption, unknownOption } from '../../executors/docker-image/refuse-options';
import { described } from '../../executors/described';
import { dockerProject } from '../../executors/project';
import { type Asked, hasher, type Key } from '../hasher';

/**
 * Asks the engine whether it has the image, which no key can tell: engines are not cached, and images
 * are removed. It has: a hit, and no process is started. It has not: the task runs, and is neither
 * looked up nor kept.
 */
export default hasher(keyOfLoad, keyOfUnloaded);

export async function keyOfLoad(task: Task, context: Asked): Promise<Key> {
  const given = optionsOf(task, context) as unknown as DockerOptions & ImageToLoad & Fresh;
  // Whatever else is wrong with the options, the executor says.
  if ((unknownOption(given) ?? mistypedOption(given)) !== undefined) return keyOfUnloaded();
  // What the engine has is what was made before.
  if (given.fresh) return keyOfUnloaded();
  const options = described(
    given,
    { ...context, projectName: task.target.project },
    task.target.target,
  );
  const { project, target } = task.target;
  const name = createHash('sha256').update(JSON.stringify([project, target, options.image]));
  const key = `${WAS_THERE}${name.digest('hex')}`;
  const images = dockerProject(options, context);
  // Asked for after it was loaded: the next run finds the line that says so, whichever image it was.
  const isKeptAlready = task.endTime !== undefined && existsSync(join(cacheDir, key));
  // What its task has just seen in the engine, nobody asks the engine for.
  const isKnown =
    isKeptAlready && wasLoadedSince(images, options.image, task.startTime ?? Infinity);
  if (!isKnown && !(await imageIsThere(images, options, context.env))) return keyOfUnloaded();
  return { key, isKept: !isKeptAlready };
}

/** Also where it is not known: the executor finds out, and says what is wrong. */
export async function keyOfUnloaded(): Promise<Key> {
  return { key: keyOfNothing(), isKept: false };
}
