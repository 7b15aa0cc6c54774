import type { OpenedCompose } from '../compose/project';
import { Server } from '../database/server';
import { clientCommand, databaseService, identifier, literal } from '../database/service';
import { refused } from './refused';
import type { Side } from './side';

/** Variables of the file with the values. */
export interface PostgresVariables {
  variable: string;
  userVariable: string;
  /** The server's own role, or that of the application, which its environment has to name. */
  secret: 'postgres' | 'app';
}

/**
 * A PostgreSQL server has one password a role. So those who use it become a second role for a while,
 * which is the first one in all that it does: then the first one's password is in nobody's hands and is
 * changed.
 */
export function postgresSide(
  opened: Pick<OpenedCompose, 'compose' | 'config'>,
  { variable, userVariable, secret }: PostgresVariables,
  named?: string,
): Side {
  const { compose, config } = opened;
  const service = databaseService(config, named);
  const server = new Server(compose, service);
  const { POSTGRES_USER: own, [userVariable]: ofApp } = config.services[service]?.environment ?? {};
  const user = secret === 'app' ? ofApp : (own ?? 'postgres');
  if (!user)
    throw refused(
      `${service} is not given ${userVariable}, so the application has no role of its own there; nothing was changed`,
      'Rotate the password that it uses: --secret=postgres',
    );
  const second = `${user.slice(0, 50)}_rotating`;
  const run = (sql: string) => server.query(`SET log_statement = 'none'; ${sql}`);
  const isThere = `SELECT 1 FROM pg_roles WHERE rolname = ${literal(second)}`;
  const drop = async () => {
    const [there] = await server.query(isThere);
    if (!there) return;
    await run(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = ${literal(second)};
       REASSIGN OWNED BY ${identifier(second)} TO ${identifier(user)};
       DROP OWNED BY ${identifier(second)}; DROP ROLE ${identifier(second)}`,
    );
  };
  const setPassword = async (password: string) => {
    await run(`ALTER ROLE ${identifier(user)} PASSWORD ${literal(password)}`);
  };
  return {
    service,
    variable,
    meanwhile: (next) => ({ [userVariable]: second, [variable]: next }),
    seen: (next) => [second, next],
    accepts: async (password) => {
      // By the container's own address, where the password counts; it is no argument of anything.
      const script =
        'IFS= read -r PGPASSWORD; export PGPASSWORD PGUSER="$1"; exec psql -X -w -h "$(hostname -i | cut -d" " -f1)" -c "SELECT 1"';
      const command = clientCommand(['sh', '-c', script, 'sh', user]);
      const { exitCode, stderr } = await compose.exec(service, command, {
        input: `${password}\n`,
        isQuestion: true,
      });
      if (exitCode !== 0 && !/password authentication failed/.test(stderr))
        throw refused(`${service} does not answer: ${stderr.trim().split('\n').at(-1)}`);
      return exitCode === 0;
    },
    open: async (next) => {
      const [rights = ''] = await server.query(
        `SELECT concat_ws(' ', CASE WHEN rolsuper THEN 'SUPERUSER' END, CASE WHEN rolcreatedb THEN 'CREATEDB' END,
         CASE WHEN rolcreaterole THEN 'CREATEROLE' END, CASE WHEN rolreplication THEN 'REPLICATION' END,
         CASE WHEN rolbypassrls THEN 'BYPASSRLS' END) FROM pg_roles WHERE rolname = ${literal(user)}`,
      );
      // One is there where a rotation was not finished, and somebody may be connected by it.
      const [there] = await server.query(isThere);
      if (!there) await run(`CREATE ROLE ${identifier(second)} IN ROLE ${identifier(user)}`);
      await run(
        `ALTER ROLE ${identifier(second)} LOGIN ${rights} PASSWORD ${literal(next)};
         ALTER ROLE ${identifier(second)} SET role = ${literal(user)}`,
      );
    },
    settle: setPassword,
    close: drop,
    reopen: setPassword,
    goBack: drop,
    note: `the container of ${service} was made with the password of before, which it needs no more; the next compose-up makes it anew, which takes some seconds`,
  };
}
