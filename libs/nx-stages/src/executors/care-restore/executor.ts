import type { ExecutorContext } from '@nx/devkit';
import { Keeper, type KeeperOptions, type Wanted, wantedArguments } from '@excel2doc/services';
import { confirmByName } from '@excel2doc/stages';
import { projectOf } from '../project';
import { report, sayLine } from '../report';

type Options = KeeperOptions & Wanted & { confirm?: string; waitSeconds: number };

/** Puts a backup in the place of what the service holds, while nobody uses it. */
export default function careRestore(options: Options, context: ExecutorContext) {
  return report(async () => {
    const keeper = await Keeper.open(options, projectOf(context));
    const { rows, files } = await keeper.held();
    const holds = rows + files > 0;
    if (holds)
      await confirmByName(
        `What ${keeper.project} holds now (${rows} rows and ${files} files; they are kept aside)`,
        keeper.project,
        options.confirm,
      );
    const command = ['restore', ...wantedArguments(options), ...(holds ? ['--replace'] : [])];
    const again = await keeper.whileUnused(async () => {
      await keeper.run(command);
      // What was backed up may know none of them, or belong to another one.
      await keeper.setUpDatabases();
    }, options.waitSeconds);
    if (again.length > 0) sayLine(`stopped meanwhile, and healthy again: ${again.join(', ')}`);
  });
}
