import { join } from 'node:path';
import type { ExecutorContext } from '@nx/devkit';
import { confirmByName } from '@excel2doc/stages';
import {
  type DatabaseOptions,
  migrate,
  openDatabase,
  type OpenedDatabase,
  startDependencies,
} from '@excel2doc/services';
import { projectOf } from '../project';
import { report } from '../report';

interface Options extends DatabaseOptions {
  command: string[];
  dryRun: boolean;
  to?: string;
  confirm?: string;
  backup: boolean;
}

/** Applies the migrations of the image just built, or prints the SQL that would be run. */
export default function dbMigrate(options: Options, context: ExecutorContext) {
  return report(async () => {
    const { service, database, migrationService } = options;
    const opened = await openDatabase(options, projectOf(context), false);
    await startDependencies(opened.compose, opened.config, service, { noRecreate: false });
    if (options.dryRun) {
      process.stdout.write(await opened.migrations.dryRun());
      return;
    }
    const command = options.to
      ? await commandTo(opened, options.to, options.confirm)
      : options.command;
    const { from, to } = await migrate(opened, service, command, {
      ...(database && { database }),
      ...(migrationService && { migrationService }),
      ...(options.backup && { backupFolder: join(context.root, 'backups', opened.config.name) }),
    });
    const at = (revisions: string[]) => revisions.join(', ') || 'no revision';
    const moved = from.join() !== to.join();
    process.stdout.write(
      moved ? `from ${at(from)} to ${at(to)}\n` : `still at ${at(to)}: there was nothing to do\n`,
    );
  });
}

/** Alembic's command that leads to `revision`; the way back is confirmed first. */
async function commandTo(
  { server, migrations }: OpenedDatabase,
  revision: string,
  confirm: string | undefined,
): Promise<string[]> {
  if (!(await migrations.isBehind(revision))) return ['alembic', 'upgrade', revision];
  const name = await server.databaseName();
  await confirmByName(`What the revisions after ${revision} added to ${name}`, name, confirm);
  return ['alembic', 'downgrade', revision];
}
