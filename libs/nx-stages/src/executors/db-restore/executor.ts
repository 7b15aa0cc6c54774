import { isAbsolute, join } from 'node:path';
import type { ExecutorContext } from '@nx/devkit';
import { confirmByName, StagesError } from '@excel2doc/stages';
import {
  type DatabaseOptions,
  latestBackup,
  openDatabase,
  restore,
  setUp,
} from '@excel2doc/services';
import { projectOf } from '../project';
import { report } from '../report';

interface Options extends DatabaseOptions {
  file?: string;
  folder?: string;
  confirm?: string;
}

/** Puts a backup in the database's place; what was there is kept under another name. */
export default function dbRestore(options: Options, context: ExecutorContext) {
  return report(async () => {
    const opened = await openDatabase(options, projectOf(context), false);
    const { server, config } = opened;
    const folder = join(context.root, options.folder ?? join('backups', config.name));
    const path = options.file
      ? isAbsolute(options.file)
        ? options.file
        : join(context.root, options.file)
      : await latestBackup(folder);
    if (!path) {
      throw new StagesError('BACKUP_INVALID', {
        message: `There is no backup in ${folder}`,
        hint: 'Name one: --file=PATH',
      });
    }
    const name = await server.databaseName();
    await confirmByName(
      `What ${name} holds now (it is kept under another name)`,
      name,
      options.confirm,
    );
    const { database, tables, rows, kept } = await restore(server, path);
    // What was backed up may know none of the roles, or belong to another one.
    await setUp(opened, server.service);
    process.stdout.write(
      `${database} holds ${path} again: ${tables} tables, ${rows} rows, compared\n` +
        `what it held before is in ${kept}; to be rid of it: db-shell -- -c 'DROP DATABASE "${kept}"'\n`,
    );
  });
}
