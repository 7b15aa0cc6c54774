import type { ExecutorContext } from '@nx/devkit';
import { type DockerOptions, makeStage, type StageToMake } from '@excel2doc/stages';
import { dockerProject } from '../project';
import { report, sayLine } from '../report';

/** Makes one stage's thin output, for every platform of its plan. */
export default function dockerStage(
  options: DockerOptions & StageToMake,
  context: ExecutorContext,
) {
  return report(() => makeStage(dockerProject(options, context), options, sayLine));
}
