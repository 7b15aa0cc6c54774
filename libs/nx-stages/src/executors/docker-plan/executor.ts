import type { ExecutorContext } from '@nx/devkit';
import type { DockerOptions } from '@excel2doc/stages';
import { dockerProject } from '../project';
import { report, sayLine } from '../report';
import { planProject } from './plan-project';

/** Writes what each stage reads, a file a stage. */
export default function dockerPlan(options: DockerOptions, context: ExecutorContext) {
  return report(async () => {
    await planProject(dockerProject(options, context), context, sayLine);
  });
}
