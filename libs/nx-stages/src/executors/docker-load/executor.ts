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
import { refuseNames } from '../docker-plan/refuse-names';
import { WAS_THERE } from './key';

const tagOf = (name: string) => name.slice(name.lastIndexOf(':') + 1);

/** The image of a stage in the engine, tagged with a name, its own digest and the commit it is of. */
export default function dockerLoad(options: DockerOptions & ImageToLoad, context: ExecutorContext) {
  return report(async () => {
    refuseNames(context);
    const { name, others, notes, digest, how, sentBytes } = await loadImage(
      dockerProject(options, context),
      options,
    );
    notes.forEach(sayLine);
    if (options.tags?.length && others.length > 0)
      sayLine(`also as ${others.map(tagOf).join(', ')}`);
    // What is said here is said again whenever the engine has the image, whichever it is then.
    if (taskOf(context)?.hash?.startsWith(WAS_THERE)) sayLine(thereText(name));
    else sayLine(`${name} ${digest} (${loadedText(how, sentBytes)})`);
  });
}
