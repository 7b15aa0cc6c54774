import { join } from 'node:path';
import type { ExecutorContext } from '@nx/devkit';
import {
  type DatabaseOptions,
  migrate,
  openDatabase,
  startDependencies,
} from '@excel2doc/services';
import { projectOf } from '../project';
import { report } from '../report';

interface Options extends DatabaseOptions {
  command: string[];
  dryRun: boolean;
  backup: boolean;
}

/** Applies the migrations of the image just built, or prints the SQL that would be run. */
export default function dbMigrate(options: Options, context: ExecutorContext) {
  return report(async () => {
    const { service, command, database } = options;
    const opened = await openDatabase(options, projectOf(context));
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
