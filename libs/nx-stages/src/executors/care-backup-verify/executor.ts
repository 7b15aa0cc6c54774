import type { ExecutorContext } from '@nx/devkit';
import { Keeper, type KeeperOptions, type Wanted, wantedArguments } from '@excel2doc/services';
import { projectOf } from '../project';
import { report } from '../report';

type Options = KeeperOptions & Wanted & { list: boolean };

/** Reads every byte of the repository, restores a backup into scratch, and compares. */
export default function careBackupVerify(options: Options, context: ExecutorContext) {
  return report(async () => {
    const keeper = await Keeper.open(options, projectOf(context));
    await keeper.run(options.list ? ['list'] : ['verify', ...wantedArguments(options)]);
  });
}
