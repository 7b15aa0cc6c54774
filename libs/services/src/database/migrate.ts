import { StagesError } from '@excel2doc/stages';
import type { OpenedCompose } from '../compose/project';
import { backUp } from './backup';
import {
  describeLeftBehind,
  leftBehind,
  type SchemaState,
  schemaState,
  wayOut,
} from './schema-state';
import { Server } from './server';
import { databaseService, literal } from './service';

/** Two migrations at once would both see the old revision: one advisory lock a database. */
const LOCK = `hashtextextended('nx-stages migrate', 0)`;

/** The revisions before and after. */
export interface Migrated {
  from: string[];
  to: string[];
}

/**
 * Runs a migration command in a one-off container (of `migrationService`, else of the service itself)
 * while holding a lock in the database; what the service depends on must be up. With `backupFolder`, a verified backup is taken first.
 *
 * @throws StagesError `MIGRATION_FAILED` with what of it stayed, by a comparison of the schema with
 *   that of before; `NO_SUCH_SERVICE` when there is no PostgreSQL to lock.
 */
export async function migrate(
  opened: Pick<OpenedCompose, 'compose' | 'config'>,
  service: string,
  command: string[],
  options: { backupFolder?: string; database?: string; migrationService?: string } = {},
): Promise<Migrated> {
  const { compose, config } = opened;
  const server = new Server(compose, databaseService(config, options.database));
  return server.with(async (session) => {
    const [locked] = await session.run(`SELECT pg_try_advisory_lock(${LOCK})`);
    if (locked !== 't') {
      throw new StagesError('MIGRATION_FAILED', {
        message: `Another migration runs: ${await lockHolder(server)}`,
        hint: 'Wait until it ends, then run this again',
      });
    }
    if (options.backupFolder) {
      const { path } = await backUp(server, options.backupFolder);
      process.stdout.write(`backup before the migration: ${path}\n`);
    }
    const before = await schemaState(server);
    const { exitCode } = await compose.run(options.migrationService ?? service, command, {
      noDeps: true,
      output: 'show',
    });
    if (exitCode !== 0) throw await failure(server, before, { opened, service, command, exitCode });
    const after = await schemaState(server);
    return { from: before.revisions, to: after.revisions };
  });
}

async function failure(
  server: Server,
  before: SchemaState,
  {
    opened,
    service,
    command,
    exitCode,
  }: {
    opened: Pick<OpenedCompose, 'compose'>;
    service: string;
    command: string[];
    exitCode: number;
  },
): Promise<StagesError> {
  const what = `The migration \`${command.join(' ')}\` failed with exit status ${exitCode}`;
  const runs = await stillRuns(opened, service);
  let after: SchemaState;
  try {
    after = await schemaState(server);
  } catch (cause) {
    return new StagesError('MIGRATION_FAILED', {
      message: `${what}; whether anything of it stayed could not be seen: ${(cause as Error).message}${runs}`,
      hint: 'Bring the database back first, then look at its schema: db-check',
      cause,
    });
  }
  const left = leftBehind(before, after);
  if (left) {
    for (const line of describeLeftBehind(left)) process.stdout.write(`left behind: ${line}\n`);
    return new StagesError('MIGRATION_FAILED', {
      message: `${what} and was not rolled back whole: ${describeLeftBehind(left).slice(0, 3).join('; ')}${runs}`,
      hint: wayOut(left),
    });
  }
  return new StagesError('MIGRATION_FAILED', {
    message: `${what}; it was rolled back: schema and revision were compared and are as before${runs}`,
    hint: 'Mend the migration that the log names and run it again',
  });
}

/** What is said of the service, by a look at its containers. */
async function stillRuns({ compose }: Pick<OpenedCompose, 'compose'>, service: string) {
  const containers = await compose.ps().catch(() => []);
  const running = containers.filter((each) => each.service === service && each.state === 'running');
  if (running.length === 0) return '';
  const state = running.map(({ health }) => health ?? 'running').join(', ');
  return `; ${service} still runs what it ran before (${state})`;
}

async function lockHolder(server: Server): Promise<string> {
  const [who = 'its session has ended meanwhile'] = await server.query(
    `SELECT format('server process %s, since %s', a.pid, a.backend_start::timestamp(0))
     FROM pg_locks l JOIN pg_stat_activity a USING (pid)
     WHERE l.locktype = 'advisory' AND l.granted AND a.datname = current_database()
       AND a.query NOT LIKE ${literal('SELECT format%')} LIMIT 1`,
  );
  return who;
}
