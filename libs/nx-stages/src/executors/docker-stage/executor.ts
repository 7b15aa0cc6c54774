import type { ExecutorContext } from '@nx/devkit';
import type { DockerOptions, StageToMake } from '@excel2doc/stages';
import { takeOrMake } from '../docker-image/take-or-make';
import { taskOf } from '../docker-plan/plan-project';
import { openLive } from '../../run/live';
import { report, sayLine } from '../report';

/** Makes one stage's thin output, in a process of its own: something is run for it. */
export default function dockerStage(
  options: DockerOptions & StageToMake,
  context: ExecutorContext,
) {
  return report(async () => {
    const live = await openLive(context.root, taskOf(context), sayLine);
    try {
      await takeOrMake(options, context, sayLine, live?.show);
    } finally {
      await live?.close();
    }
  });
}
