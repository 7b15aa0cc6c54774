import type { ExecutorContext } from '@nx/devkit';
import { GitFiles } from '@excel2doc/stages';
import { openLive } from '../../run/live';
import { taskOf } from '../docker-plan/plan-project';
import { report, sayLine } from '../report';
import { type Options, Watcher } from './watcher';

/** What a test puts in the place of the terminal. */
interface Around {
  stop: AbortSignal;
}

/** Keeps an image in the engine the same as the files that it is made from, until Ctrl-C. */
export default async function dockerWatch(
  options: Options,
  context: ExecutorContext,
  around?: Around,
): Promise<{ success: boolean }> {
  const stop = around?.stop ?? interruption();
  const git = GitFiles.at(context.root);
  const ended = await report(() =>
    new Watcher(options, context, stop, () => git?.isAtWork ?? false).run(),
  );
  if (!ended.success) await tellNx(context);
  return ended;
}

/** To Nx a task that goes on until it is ended has done well however it ended. */
async function tellNx(context: ExecutorContext): Promise<void> {
  const live = await openLive(context.root, taskOf(context), sayLine);
  live?.show(`✗ ${context.projectName}:${context.targetName} has ended: see above.`);
  await live?.close();
}

/** However it is ended: what is under way is brought to its end, and nothing more is begun. */
function interruption(): AbortSignal {
  const controller = new AbortController();
  const end = () => controller.abort();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, end);
  // Nx is gone, and with it who could end this.
  process.once('disconnect', end);
  // So is the terminal, at once.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', end);
  return controller.signal;
}
