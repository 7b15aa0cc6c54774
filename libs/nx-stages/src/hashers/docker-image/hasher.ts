import type { Task } from '@nx/devkit';
import { type ImageOptions, isLoad } from '../../executors/docker-image/options';
import { optionsOf } from '../../executors/docker-plan/plan-project';
import type { RunContext } from '../../executors/project';
import { keyOfLoad, keyOfUnloaded } from '../docker-load/hasher';
import { keyOfStage, keyOfUnknown } from '../docker-stage/hasher';
import { hasher } from '../hasher';

/** The key of a stage or of a load, whichever the task is. */
export default hasher(
  (task, context) => (loads(task, context) ? keyOfLoad : keyOfStage)(task, context),
  (task, context) => (loads(task, context) ? keyOfUnloaded() : keyOfUnknown(task, context)),
);

function loads(task: Task, context: RunContext): boolean {
  return isLoad(optionsOf(task, context) as unknown as ImageOptions);
}
