import { StagesError } from '@excel2doc/stages';
import {
  type ComposeOptions,
  type ComposeWorkspace,
  type OpenedCompose,
  openCompose,
  startDependencies,
  wholeConfig,
} from '../compose/project';
import { projectContainers } from '../compose/container';
import { ailingOf, ailments } from '../compose/health';
import { databasesOf } from '../database/service';
import { setUp } from '../database/set-up';
import { usersOfData } from './users';

/** What each of the three executors is given. */
export interface KeeperOptions extends ComposeOptions {
  /** The service that backs up, or restores: its commands are those of docker/backup's README. */
  service: string;
}

/** Which backup, where it is not the newest. */
export interface Wanted {
  snapshot?: string;
  at?: string;
}

/** A service whose image takes backups of the others and restores them. */
export class Keeper {
  private constructor(
    readonly opened: OpenedCompose,
    private readonly service: string,
  ) {}

  /** @throws StagesError `NO_SUCH_SERVICE` */
  static async open(options: KeeperOptions, workspace: ComposeWorkspace): Promise<Keeper> {
    const opened = await openCompose(options, workspace);
    // It stands in a profile, which Compose leaves out of what it shows of the files.
    const all = opened.engine.compose({ ...opened.project, profiles: ['*'] });
    const config = await wholeConfig(opened);
    if (config.services[options.service])
      return new Keeper({ ...opened, compose: all, config }, options.service);
    throw new StagesError('NO_SUCH_SERVICE', {
      message: `The Compose file has no service ${options.service}`,
      hint: `It has ${Object.keys(config.services).join(', ')}`,
    });
  }

  get project(): string {
    return this.opened.config.name;
  }

  /** @throws StagesError `BACKUP_INVALID` with what the keeper said; it stands above, too. */
  async run(command: string[], output: 'show' | 'capture' = 'show'): Promise<string> {
    const { compose, config } = this.opened;
    await startDependencies(compose, config, this.service, { noRecreate: true });
    const { exitCode, stdout, stderr } = await compose.run(this.service, command, {
      noDeps: true,
      output,
      isQuestion: output === 'capture',
    });
    if (exitCode === 0) return stdout;
    const said = [...stdout.split('\n'), ...stderr.split('\n')].filter((line) => /^✗/.test(line));
    throw new StagesError('BACKUP_INVALID', {
      message: `\`${command[0]}\` in ${this.service} ended with exit status ${exitCode}${said.length > 0 ? `: ${said.at(-1)?.slice(2)}` : ''}`,
      hint: 'What it said stands above',
    });
  }

  /** Gives the databases that it depends on the roles that they have to have. */
  async setUpDatabases(): Promise<void> {
    for (const database of databasesOf(this.opened.config, this.service))
      await setUp(this.opened, database);
  }

  /** How many rows and files there are now, which a restore would replace. */
  async held(): Promise<{ rows: number; files: number }> {
    const printed = await this.run(['state'], 'capture');
    return JSON.parse(printed.trim().split('\n').at(-1) ?? '') as { rows: number; files: number };
  }

  /**
   * Runs `action` while none of the services runs that use the data; those that ran are started
   * again whatever happened, and waited for.
   *
   * @throws StagesError `NOT_HEALTHY` when one of them does not get healthy afterwards.
   */
  async whileUnused(action: () => Promise<void>, waitSeconds: number): Promise<string[]> {
    const { engine, compose, config } = this.opened;
    const users = new Set(usersOfData(config, this.service));
    const running = (await projectContainers(engine, config.name)).filter(
      ({ service, state, oneOff }) => users.has(service) && state === 'running' && !oneOff,
    );
    const services = [...new Set(running.map(({ service }) => service))];
    if (services.length > 0) await compose.stop(services);
    try {
      await action();
    } finally {
      if (services.length > 0) await compose.call(['start', ...services]);
    }
    const ailing = await ailingOf(engine, running, waitSeconds * 1000);
    if (ailing.length === 0) return services;
    throw new StagesError('NOT_HEALTHY', {
      message: `The backup is back, but these are not healthy: ${ailments(ailing)}`,
      hint: 'compose-logs shows why; db-check says whether the schema is one that they know',
    });
  }
}

/** `--snapshot=…` and `--at=…`, as the keeper takes them. */
export const wantedArguments = ({ snapshot, at }: Wanted): string[] => [
  ...(snapshot ? ['--snapshot', snapshot] : []),
  ...(at ? ['--at', at] : []),
];
