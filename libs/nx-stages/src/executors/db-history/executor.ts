import type { ExecutorContext } from '@nx/devkit';
import { openDatabase, type DatabaseOptions } from '../../database/open';
import { report } from '../../report';

/** The migrations, the newest first, and which of them the database is at. */
export default function dbHistory(options: DatabaseOptions, context: ExecutorContext) {
  return report(async () => {
    const { migrations } = await openDatabase(options, context);
    process.stdout.write(await migrations.history());
  });
}
