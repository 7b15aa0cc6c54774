import type { ExecutorContext } from '@nx/devkit';
import { openDatabase, type DatabaseOptions } from '@excel2doc/services';
import { projectOf } from '../project';
import { report } from '../report';

/** The migrations, the newest first, and which of them the database is at. */
export default function dbHistory(options: DatabaseOptions, context: ExecutorContext) {
  return report(async () => {
    const { migrations } = await openDatabase(options, projectOf(context));
    process.stdout.write(await migrations.history());
  });
}
