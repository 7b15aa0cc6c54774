import type { ExecutorContext } from '@nx/devkit';
import { GitFiles } from '@excel2doc/stages';
import { report } from '../report';
import { type Options, Watcher } from './watcher';

/** What a test puts in the place of the terminal. */
interface Around {
  stop: AbortSignal;
}

/** Keeps an image in the engine the same as the files that it is made from, until Ctrl-C. */
export default function dockerWatch(options: Options, context: ExecutorContext, around?: Around) {
  const stop = around?.stop ?? interruption();
  const git = GitFiles.at(context.root);
  return report(() => new Watcher(options, context, stop, () => git?.isAtWork ?? false).run());
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
