import {
  type DockerOptions,
  type ImageToLoad,
  loadImage,
  loadedText,
  type LoadStart,
  startLoad,
  thereText,
} from '@excel2doc/stages';
import { makeFresh } from './fresh';
import type { Fresh } from './options';
import { WAS_THERE } from './key';
import { taskOf } from '../docker-plan/plan-project';
import { refuseNames } from '../docker-plan/refuse-names';
import { described } from '../described';
import { dockerProject, type TaskContext } from '../project';

/** What is said of a load: now, and whenever the engine is found to have the image again. */
export interface LoadText {
  now: string[];
  later: string;
}

const tagOf = (name: string) => name.slice(name.lastIndexOf(':') + 1);

/** Asks what a load will ask for, while its image is being made. */
export function startOfLoad(
  given: DockerOptions & ImageToLoad & Fresh,
  context: TaskContext,
): LoadStart {
  const options = described(given, context);
  return startLoad(dockerProject(options, context), options);
}

/** Brings the image of a stage into the engine. */
export async function loadTask(
  given: DockerOptions & ImageToLoad & Fresh,
  context: TaskContext,
  start?: LoadStart,
): Promise<LoadText> {
  refuseNames(context);
  const options = described(given, context);
  if (options.fresh) await makeFresh(options, context);
  const project = dockerProject(options, context);
  const { name, others, notes, digest, how, sentBytes } = await loadImage(project, options, start);
  const named = options.tags?.length && others.length > 0;
  const more = [...notes, ...(named ? [`also as ${others.map(tagOf).join(', ')}`] : [])];
  // What is said of an image that was there is said again whenever it is, whichever it is then.
  const later = thereText(name);
  const wasThere = taskOf(context)?.hash?.startsWith(WAS_THERE);
  const now = wasThere ? later : `${name} ${digest} (${loadedText(how, sentBytes)})`;
  return { now: [...more, now], later };
}
