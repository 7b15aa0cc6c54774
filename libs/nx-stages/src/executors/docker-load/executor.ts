import type { ExecutorContext } from '@nx/devkit';
import type { DockerOptions, ImageToLoad } from '@excel2doc/stages';
import { loadTask } from '../docker-image/load';
import { report, sayLine } from '../report';

/** The image of a stage in the engine, tagged with a name, its own digest and the commit it is of. */
export default function dockerLoad(options: DockerOptions & ImageToLoad, context: ExecutorContext) {
  return report(async () => {
    // What is printed here is kept, and printed again whenever the engine has the image.
    (await loadTask(options, context)).now.forEach(sayLine);
  });
}
