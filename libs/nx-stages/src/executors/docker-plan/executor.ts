import type { ExecutorContext } from '@nx/devkit';
import { type DockerOptions, writePlans } from '@excel2doc/stages';
import { dockerProject } from '../project';
import { report, sayLine } from '../report';

/** Writes what each stage reads, a file a stage. */
export default function dockerPlan(options: DockerOptions, context: ExecutorContext) {
  return report(async () => {
    await writePlans(dockerProject(options, context), sayLine);
  });
}
