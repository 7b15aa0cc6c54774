import type { ExecutorContext } from '@nx/devkit';
import { type DockerOptions, writePlans } from '@excel2doc/stages';
import { dockerProject } from '../project';
import { report, sayLine } from '../report';
import { CopiedInGraph } from './awaited';
import { refuseUnread } from './unread';

/** Writes what each stage reads, a file a stage. */
export default function dockerPlan(options: DockerOptions, context: ExecutorContext) {
  return report(async () => {
    const project = dockerProject(options, context);
    refuseUnread(options, context);
    const copied = new CopiedInGraph(project, context);
    copied.refuseUnawaited();
    const plans = await writePlans(project, sayLine);
    copied.byChance(plans).forEach(sayLine);
  });
}
