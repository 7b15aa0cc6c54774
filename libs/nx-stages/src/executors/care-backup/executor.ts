import type { ExecutorContext } from '@nx/devkit';
import { Keeper, type KeeperOptions } from '@excel2doc/services';
import { projectOf } from '../project';
import { report } from '../report';

/** A backup of database and folders together, restored into scratch and compared. */
export default function careBackup(options: KeeperOptions, context: ExecutorContext) {
  return report(async () => {
    const keeper = await Keeper.open(options, projectOf(context));
    await keeper.run(['backup']);
  });
}
