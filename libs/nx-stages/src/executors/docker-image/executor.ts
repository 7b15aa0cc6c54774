import type { ExecutorContext } from '@nx/devkit';
import { report, sayLine } from '../report';
import { loadTask } from './load';
import { makeTask } from './make';
import { isLoad, type ImageOptions } from './options';

/** One stage that is put together, or one image that is loaded, in a process of its own: without a batch. */
export default function dockerImage(options: ImageOptions, context: ExecutorContext) {
  return report(async () => {
    if (isLoad(options)) (await loadTask(options, context)).now.forEach(sayLine);
    else await makeTask(options, context, sayLine);
  });
}
