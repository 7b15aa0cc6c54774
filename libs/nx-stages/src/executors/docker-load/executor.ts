import type { ExecutorContext } from '@nx/devkit';
import { type DockerOptions, type ImageToLoad, loadImage, loadedText } from '@excel2doc/stages';
import { dockerProject } from '../project';
import { report, sayLine } from '../report';

/** The image of a stage in the engine, tagged with a name, the commit and its own digest. */
export default function dockerLoad(options: DockerOptions & ImageToLoad, context: ExecutorContext) {
  return report(async () => {
    const { name, digest, how, sentBytes } = await loadImage(
      dockerProject(options, context),
      options,
    );
    sayLine(`${name} ${digest} (${loadedText(how, sentBytes)})`);
  });
}
