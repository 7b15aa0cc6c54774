import type { Readable, Writable } from 'node:stream';
import type { Compose } from '@excel2doc/engine';
import { StagesError } from '@excel2doc/stages';
import { clientCommand, identifier } from './service';
import { Session } from './session';

/** The PostgreSQL server of a Compose project, by way of the clients in its container. */
export class Server {
  constructor(
    readonly compose: Compose,
    readonly service: string,
  ) {}

  /** A connection that stays, to `database` or else the server's own. */
  session(database?: string): Session {
    const env = database ? ['env', `PGDATABASE=${database}`] : [];
    const psql = ['psql', '-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1'];
    return new Session((streams) =>
      this.compose.exec(this.service, [...env, ...clientCommand(psql)], streams),
    );
  }

  /** Runs `action` with a session and closes it. */
  async with<T>(action: (session: Session) => Promise<T>, database?: string): Promise<T> {
    const session = this.session(database);
    try {
      return await action(session);
    } finally {
      await session.close();
    }
  }

  /** One statement, outside of a transaction; its rows, columns parted by `|`. */
  query(sql: string, database?: string): Promise<string[]> {
    return this.with((session) => session.run(sql), database);
  }

  /** The database that the service was made with. */
  async databaseName(): Promise<string> {
    const [name = ''] = await this.query('SELECT current_database()');
    return name;
  }

  /**
   * Runs a client. One that is given no stream is asked for what it prints.
   *
   * @throws StagesError `DATABASE_FAILED` with the last that the client said.
   */
  async client(
    command: string[],
    streams?: { input: Readable } | { sink: Writable },
  ): Promise<string> {
    const { exitCode, stdout, stderr } = await this.compose.exec(
      this.service,
      clientCommand(command),
      streams ?? { isQuestion: true },
    );
    if (exitCode === 0) return stdout;
    throw new StagesError('DATABASE_FAILED', {
      message: `${command[0]} in ${this.service} failed: ${lastLine(stderr) || `exit status ${exitCode}`}`,
      hint: 'Look at the database: compose-ps, compose-logs --service=' + this.service,
    });
  }

  /** The role that owns it: who may change the schema there may do so in a scratch database of its. */
  async databaseOwner(): Promise<string> {
    const [owner = ''] = await this.query(
      'SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()',
    );
    return owner;
  }

  /** Makes a database for `action` and drops it again. */
  async withScratch<T>(name: string, owner: string, action: () => Promise<T>): Promise<T> {
    await this.query(
      `CREATE DATABASE ${identifier(name)} OWNER ${identifier(owner)} TEMPLATE template0`,
      'postgres',
    );
    try {
      return await action();
    } finally {
      await this.query(`DROP DATABASE IF EXISTS ${identifier(name)} WITH (FORCE)`, 'postgres');
    }
  }
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
