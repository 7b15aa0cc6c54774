import {
  type ComposeOptions,
  type ComposeWorkspace,
  type OpenedCompose,
  openCompose,
} from '../compose/project';
import { Migrations } from './migrations';
import { Server } from './server';
import { databaseService } from './service';
import { setUp } from './set-up';

/** What every database executor is given. */
export interface DatabaseOptions extends ComposeOptions {
  /** The PostgreSQL service; found by its image or variables when left out. */
  database?: string;
  /** The service that has the migrations. */
  service: string;
  /** The one that runs them, where a role of its own does; it may stand in a profile. */
  migrationService?: string;
}

export interface OpenedDatabase extends OpenedCompose {
  server: Server;
  migrations: Migrations;
}

/**
 * The database of a Compose project, up and healthy.
 *
 * @param noRecreate one that runs is left as it is, though the files say something else by now: for
 *   whatever does not change the service, and so may not stop it
 */
export async function openDatabase(
  options: DatabaseOptions,
  workspace: ComposeWorkspace,
  noRecreate = true,
): Promise<OpenedDatabase> {
  const opened = await openCompose(options, workspace);
  const name = databaseService(opened.config, options.database);
  await opened.compose.up({ services: [name], wait: true, noRecreate });
  // Whoever looks at the data alone, or mends it, needs no role of the migrations.
  if (options.migrationService) await setUp(opened, name);
  const server = new Server(opened.compose, name);
  return {
    ...opened,
    server,
    migrations: new Migrations(opened, options.migrationService ?? options.service, server),
  };
}
