import { type DockerOptions, makeStage, planNotes, type StageToMake } from '@excel2doc/stages';
import { plannedProject, taskOf } from '../docker-plan/plan-project';
import { refuseNames } from '../docker-plan/refuse-names';
import { ensurePlanned, refuseTypedSecrets } from './planned';
import { madeUnderKey } from './made-under';
import { refuseUnbuildable } from './unbuildable';
import { dockerProject, type TaskContext } from '../project';

/**
 * Makes one stage's thin output, for every platform of its plan, and says in a line what came of it.
 *
 * @param show what is to be seen while it is made, where that is not kept with what is said
 */
export async function makeTask(
  options: DockerOptions & StageToMake,
  context: TaskContext,
  say: (line: string) => void,
  show?: (line: string) => void,
): Promise<void> {
  // Before anything is built, not after: what comes of it could not be named.
  refuseNames(context);
  const task = taskOf(context);
  refuseTypedSecrets(task, context);
  const planned = plannedProject(options, context, task?.target.configuration);
  const plan = await ensurePlanned(planned, options.stage, task, context);
  planNotes(planned.dockerfile, plan).forEach(say);
  await refuseUnbuildable(planned, task, context);
  // With the secrets of its plan: this one's own options stand in the graph.
  const { secrets, ssh, secretVersion } = planned.options;
  const given = { ...options, secrets, ssh, secretVersion } as typeof options;
  await madeUnderKey(planned, plan, task, context, () =>
    makeStage(dockerProject(given, context), options, say, show),
  );
}
