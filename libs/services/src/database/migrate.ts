import { backUp } from './backup';
import { Server } from './server';
import { databaseService, literal } from './service';
import { StagesError } from '@excel2doc/stages';
import type { OpenedCompose } from '../compose/project';

/** Two migrations at once would both see the old revision: one advisory lock a database. */
const LOCK = `hashtextextended('nx-stages migrate', 0)`;

/**
 * Runs a migration command in a one-off container while holding a lock in the database; what the
 * service depends on must be up. With `backupFolder`, a verified backup is taken first.
 *
 * @throws StagesError `MIGRATION_FAILED`: nothing was replaced, the old containers go on running;
 *   `NO_SUCH_SERVICE` when there is no PostgreSQL to lock.
 */
export async function migrate(
  { compose, config }: Pick<OpenedCompose, 'compose' | 'config'>,
  service: string,
  command: string[],
  options: { backupFolder?: string; database?: string } = {},
): Promise<void> {
  const server = new Server(compose, databaseService(config, options.database));
  await server.with(async (session) => {
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
    const { exitCode } = await compose.run(service, command, { noDeps: true, output: 'show' });
    if (exitCode === 0) return;
    throw new StagesError('MIGRATION_FAILED', {
      message: `The migration \`${command.join(' ')}\` failed with exit status ${exitCode}; it was rolled back, and what ran before still runs`,
      hint: 'Mend the migration that the log names and run it again',
    });
  });
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
