import type { ExecutorContext } from '@nx/devkit';
import { type DockerOptions, makeStage, planNotes, type StageToMake } from '@excel2doc/stages';
import { plannedProject, taskOf } from '../docker-plan/plan-project';
import { dockerProject } from '../project';
import { refuseUnbuildable } from './unbuildable';
import { refuseNames } from '../docker-plan/refuse-names';
import { report, sayLine } from '../report';
import { ensurePlanned, refuseTypedSecrets } from './planned';

/** Makes one stage's thin output, for every platform of its plan. */
export default function dockerStage(
  options: DockerOptions & StageToMake,
  context: ExecutorContext,
) {
  return report(async () => {
    // Before anything is built, not after: what comes of it could not be named.
    refuseNames(context);
    const task = taskOf(context);
    refuseTypedSecrets(task, context);
    const planned = plannedProject(options, context, task?.target.configuration);
    const plan = await ensurePlanned(planned, options.stage, task, context);
    planNotes(planned.dockerfile, plan).forEach(sayLine);
    await refuseUnbuildable(planned, task, context);
    // With the secrets of its plan: this one's own options stand in the graph.
    const { secrets, ssh, secretVersion } = planned.options;
    const given = { ...options, secrets, ssh, secretVersion } as typeof options;
    await makeStage(dockerProject(given, context), options, sayLine);
  });
}
