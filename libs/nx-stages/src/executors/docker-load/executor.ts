import type { ExecutorContext } from '@nx/devkit';
import {
  type DockerOptions,
  type ImageToLoad,
  loadImage,
  loadedText,
  thereText,
} from '@excel2doc/stages';
import { taskOf } from '../docker-plan/plan-project';
import { dockerProject } from '../project';
import { report, sayLine } from '../report';
import { WAS_THERE } from './key';

/** The image of a stage in the engine, tagged with a name, its own digest and the commit it is of. */
export default function dockerLoad(options: DockerOptions & ImageToLoad, context: ExecutorContext) {
  return report(async () => {
    const { name, digest, how, sentBytes } = await loadImage(
      dockerProject(options, context),
      options,
    );
    // What is said here is said again whenever the engine has the image, whichever it is then.
    if (taskOf(context)?.hash?.startsWith(WAS_THERE)) sayLine(thereText(name));
    else sayLine(`${name} ${digest} (${loadedText(how, sentBytes)})`);
  });
}
