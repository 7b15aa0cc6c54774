import { join } from 'node:path';
import type { ExecutorContext } from '@nx/devkit';
import { migrate } from '../../compose/migrate';
import { startDependencies } from '../../compose/project';
import { openDatabase, type DatabaseOptions } from '../../database/open';
import { report } from '../../report';

interface Options extends DatabaseOptions {
  command: string[];
  dryRun: boolean;
  backup: boolean;
}

/** Applies the migrations of the image just built, or prints the SQL that would be run. */
export default function dbMigrate(options: Options, context: ExecutorContext) {
  return report(async () => {
    const { service, command, database } = options;
    const opened = await openDatabase(options, context);
    await startDependencies(opened.compose, opened.config, service);
    if (options.dryRun) {
      process.stdout.write(await opened.migrations.dryRun());
      return;
    }
    await migrate(opened, service, command, {
      ...(database && { database }),
      ...(options.backup && { backupFolder: join(context.root, 'backups', opened.config.name) }),
    });
  });
}
