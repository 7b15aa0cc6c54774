import type { ExecutorContext } from '@nx/devkit';
import { report, sayLine } from '../report';
import { loadTask } from './load';
import { isLoad, type ImageOptions } from './options';
import { refuseOptions } from './refuse-options';
import { takeOrMake } from './take-or-make';

/** One stage that is put together, or one image that is loaded, in a process of its own: without a batch. */
export default function dockerImage(options: ImageOptions, context: ExecutorContext) {
  return report(async () => {
    refuseOptions(`${context.projectName}:${context.targetName}`, options);
    if (isLoad(options)) (await loadTask(options, context)).now.forEach(sayLine);
    else await takeOrMake(options, context, sayLine);
  });
}
