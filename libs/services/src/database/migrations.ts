import { StagesError } from '@excel2doc/stages';
import { type OpenedCompose, wholeConfig } from '../compose/project';
import { dryRunCommand, parseAutogenerate, parseRevisions } from './alembic';
import { dumpSchema, schemaDrift, type SchemaDrift } from './schema';
import type { Server } from './server';

/** Alembic in one-off containers of a service, against its own database or another one. */
export class Migrations {
  constructor(
    private readonly opened: Pick<OpenedCompose, 'compose' | 'config' | 'engine' | 'project'>,
    private readonly service: string,
    private readonly server: Server,
  ) {}

  current(): Promise<string[]> {
    return this.#output(['alembic', 'current']).then(parseRevisions);
  }

  heads(): Promise<string[]> {
    return this.#output(['alembic', 'heads']).then(parseRevisions);
  }

  history(): Promise<string> {
    return this.#output(['alembic', 'history', '--indicate-current']);
  }

  async dryRun(): Promise<string> {
    return this.pending(await this.current());
  }

  /** The SQL that would lead from `current` to the newest revision. */
  pending(current: string[]): Promise<string> {
    return this.#output(dryRunCommand(current));
  }

  /** Whether the database comes to `revision` by going back: it has been there before. */
  async isBehind(revision: string): Promise<boolean> {
    if (revision === 'base') return true;
    const rows = await this.#output(['alembic', 'history', '--rev-range', 'base:current']);
    const known = rows.split('\n').map((row) => / -> ([^\s,]+)/.exec(row)?.[1]);
    return known.includes(revision);
  }

  /**
   * Tries the way from the revisions `to` back to `from` in a scratch database, which has no rows.
   *
   * @throws StagesError `DATABASE_FAILED` with what the downgrade said
   */
  async tryWayBack({ from, to }: { from: string[]; to: string[] }): Promise<void> {
    await this.withMigrated(to, async (scratch) => {
      for (const revision of from.length > 0 ? from : ['base'])
        await this.#change(['alembic', 'downgrade', revision], scratch);
    });
  }

  /** What the models have and the migrations do not. */
  async modelChanges(database?: string): Promise<string[]> {
    const { exitCode, stdout, stderr } = await this.#run(['alembic', 'check'], database, true);
    const found = parseAutogenerate(`${stdout}\n${stderr}`);
    if (exitCode === 0 || found.length > 0) return found;
    throw this.#failed(['alembic', 'check'], `${stderr}\n${stdout}`);
  }

  /**
   * How the database differs from what its migrations make, up to the revision that it is at: they
   * are run in a scratch database beside it.
   */
  async drift(): Promise<SchemaDrift> {
    const revisions = await this.current();
    const database = await this.server.databaseName();
    return this.withMigrated(revisions, async (scratch) =>
      schemaDrift(await dumpSchema(this.server, scratch), await dumpSchema(this.server, database)),
    );
  }

  /** A scratch database at `revisions`; dropped after `action`. */
  async withMigrated<T>(revisions: string[], action: (scratch: string) => Promise<T>): Promise<T> {
    const scratch = `nx_stages_drift_${process.pid}_${Date.now().toString(36)}`;
    const owner = await this.server.databaseOwner();
    return this.server.withScratch(scratch, owner, async () => {
      for (const revision of revisions)
        await this.#change(['alembic', 'upgrade', revision], scratch);
      return action(scratch);
    });
  }

  /**
   * Writes a new revision into `folder` of the host, from what the models have and the migrations
   * do not.
   *
   * @param target where the image has that folder
   */
  async revise(
    message: string,
    folder: string,
    target: string,
    autogenerate: boolean,
  ): Promise<void> {
    const { uid, gid } = ownerOfProcess();
    const command = [
      ...['alembic', 'revision', '--message', message],
      ...(autogenerate ? ['--autogenerate'] : []),
    ];
    const { stdout, stderr, exitCode } = await this.opened.compose.call(
      [
        ...['run', '--rm', '--no-TTY', '--no-deps', '--user', `${uid}:${gid}`],
        ...['--volume', `${folder}:${target}`, this.service, ...command],
      ],
      { allowFailure: true },
    );
    if (exitCode !== 0) throw this.#failed(command, `${stderr}\n${stdout}`);
  }

  async #output(command: string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await this.#run(command, undefined, true);
    if (exitCode === 0) return stdout;
    throw this.#failed(command, `${stderr}\n${stdout}`);
  }

  async #change(command: string[], database: string): Promise<void> {
    const { exitCode, stdout, stderr } = await this.#run(command, database, false);
    if (exitCode !== 0) throw this.#failed(command, `${stderr}\n${stdout}`);
  }

  async #run(command: string[], database: string | undefined, isQuestion: boolean) {
    const variables = database ? withDatabase(await this.#environment(), database) : {};
    return this.opened.compose.run(this.service, command, { noDeps: true, variables, isQuestion });
  }

  async #environment(): Promise<Record<string, string | null>> {
    const known = this.opened.config.services[this.service];
    const service = known ?? (await wholeConfig(this.opened)).services[this.service];
    return service?.environment ?? {};
  }

  #failed(command: string[], said: string): StagesError {
    const lines = said.trim().split('\n');
    // SQLAlchemy ends with the statement and an address that explains the kind of error.
    const last = lines.findLast((line) => /^[\w.]+(Error|Exception)\b/.test(line)) ?? lines.at(-1);
    return new StagesError('DATABASE_FAILED', {
      message: `\`${command.join(' ')}\` failed: ${last}`,
      hint: 'Mend what it names and run it again',
    });
  }
}

/** Of the variables that are PostgreSQL URLs: the same with another database. */
export function withDatabase(
  environment: Record<string, string | null>,
  database: string,
): Record<string, string> {
  const changed: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) {
    const match = /^(postgres(?:ql)?(?:\+\w+)?:\/\/[^/]+\/)[^?]*(.*)$/.exec(value ?? '');
    if (match) changed[name] = `${match[1]}${database}${match[2]}`;
  }
  if (Object.keys(changed).length > 0) return changed;
  throw new StagesError('DATABASE_FAILED', {
    message: 'No variable of the service is a PostgreSQL URL',
    hint: 'Give the service its database as a URL, such as DATABASE_URL=postgresql://user:password@host/name',
  });
}

function ownerOfProcess(): { uid: number; gid: number } {
  // Docker Desktop maps the owner of shared folders by itself.
  return { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
}
