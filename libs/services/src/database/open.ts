import {
  type ComposeOptions,
  type ComposeWorkspace,
  type OpenedCompose,
  openCompose,
} from '../compose/project';
import { Migrations } from './migrations';
import { Server } from './server';
import { databaseService } from './service';

/** What every database executor is given. */
export interface DatabaseOptions extends ComposeOptions {
  /** The PostgreSQL service; found by its image or variables when left out. */
  database?: string;
  /** The service that has the migrations. */
  service: string;
}

export interface OpenedDatabase extends OpenedCompose {
  server: Server;
  migrations: Migrations;
}

/** The database of a Compose project, up and healthy. */
export async function openDatabase(
  options: DatabaseOptions,
  workspace: ComposeWorkspace,
): Promise<OpenedDatabase> {
  const opened = await openCompose(options, workspace);
  const name = databaseService(opened.config, options.database);
  await opened.compose.up({ services: [name], wait: true });
  const server = new Server(opened.compose, name);
  return { ...opened, server, migrations: new Migrations(opened, options.service, server) };
}
