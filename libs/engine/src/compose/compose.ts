import type { Afterwards } from '../client/afterwards';
import { answerOf, type Question } from '../client/answer';
import type { ChildOptions, ChildResult } from '../client/child';
import { type ComposeContainer, parseContainers } from './containers';
import { type ComposeProject, projectArguments } from './project';

/** What the services of a project ask of an engine. */
export interface ComposeClient {
  composeCommand(args: string[], what: string, options: ChildOptions): Promise<ChildResult>;
  composeAfterwards(args: string[], variables: Record<string, string>): Promise<Afterwards>;
}

type Streaming = Pick<ChildOptions, 'signal' | 'output'>;

/** `docker compose` for one project. By default output is captured; `{ output: 'show' }` shows it. */
export class Compose {
  constructor(
    private readonly engine: ComposeClient,
    private readonly project: ComposeProject,
  ) {}

  /**
   * Creates and starts what is not there, and with `wait` comes back when all is healthy. Images are
   * never built here, and pulled only with `pull`.
   *
   * @throws EngineError `PORT_TAKEN`, `IMAGE_NOT_FOUND`, …; `COMMAND_FAILED` when a service is
   *   unhealthy
   */
  async up(options: Streaming & UpOptions = {}): Promise<void> {
    await this.call(upArguments(options), options);
  }

  /** Has `up` happen when this process is gone, or when its `run` is called. */
  upAfterwards(options: UpOptions): Promise<Afterwards> {
    const { project } = this;
    const args = [...projectArguments(project), ...upArguments(options)];
    return this.engine.composeAfterwards(args, project.variables ?? {});
  }

  /** Stops and removes the containers; the volumes only when told to. */
  async down(
    options: Streaming & {
      volumes?: boolean;
      removeOrphans?: boolean;
      timeoutSeconds?: number;
    } = {},
  ): Promise<void> {
    await this.call(
      [
        'down',
        ...(options.volumes ? ['--volumes'] : []),
        ...(options.removeOrphans ? ['--remove-orphans'] : []),
        ...seconds(options.timeoutSeconds),
      ],
      options,
    );
  }

  /** All containers of the project, also those that have ended. */
  async ps(): Promise<ComposeContainer[]> {
    const { stdout } = await this.call(['ps', '--all', '--format', 'json']);
    return parseContainers(stdout);
  }

  logs(
    options: Streaming & {
      services?: string[];
      follow?: boolean;
      tail?: number;
      timestamps?: boolean;
    } = {},
  ): Promise<ChildResult> {
    return this.call(
      [
        'logs',
        '--no-color',
        ...(options.follow ? ['--follow'] : []),
        ...(options.tail === undefined ? [] : ['--tail', String(options.tail)]),
        ...(options.timestamps ? ['--timestamps'] : []),
        ...(options.services ?? []),
      ],
      options,
    );
  }

  /** Runs `command` in a container that runs. A status other than 0 is in the result. */
  exec(
    service: string,
    command: string[],
    options: ChildOptions & Question & { user?: string; variables?: Record<string, string> } = {},
  ): Promise<ChildResult> {
    const args = ['exec', ...noTerminal(options), ...containerArguments(options), service];
    return this.inContainer(args, command, options);
  }

  /** Runs `command` in a new container of `service` and removes it. Its status is in the result. */
  run(
    service: string,
    command: string[],
    options: ChildOptions &
      Question & {
        user?: string;
        variables?: Record<string, string>;
        noDeps?: boolean;
        entrypoint?: string;
      } = {},
  ): Promise<ChildResult> {
    const args = [
      'run',
      '--rm',
      ...noTerminal(options),
      ...containerArguments(options),
      ...(options.noDeps ? ['--no-deps'] : []),
      ...(options.entrypoint ? ['--entrypoint', options.entrypoint] : []),
      service,
    ];
    return this.inContainer(args, command, options);
  }

  async restart(
    services: string[] = [],
    options: Streaming & { timeoutSeconds?: number } = {},
  ): Promise<void> {
    await this.call(['restart', ...seconds(options.timeoutSeconds), ...services], options);
  }

  async stop(
    services: string[] = [],
    options: Streaming & { timeoutSeconds?: number } = {},
  ): Promise<void> {
    await this.call(['stop', ...seconds(options.timeoutSeconds), ...services], options);
  }

  async build(services: string[] = [], options: Streaming = {}): Promise<void> {
    await this.call(['build', ...services], options);
  }

  /** The files as Compose understands them: merged, with values filled in. */
  async config(): Promise<Record<string, unknown>> {
    const { stdout } = await this.call(['config', '--format', 'json']);
    return JSON.parse(stdout) as Record<string, unknown>;
  }

  private inContainer(
    args: string[],
    command: string[],
    options: ChildOptions & Question,
  ): Promise<ChildResult> {
    const run = (each: string[]) =>
      this.call([...args, ...each], { allowFailure: true, ...options });
    return options.isQuestion ? answerOf(command, run) : run(command);
  }

  /** Any other call: `call(['top'])`. */
  call(args: string[], options: ChildOptions = {}): Promise<ChildResult> {
    const { variables } = this.project;
    return this.engine.composeCommand([...projectArguments(this.project), ...args], args[0] ?? '', {
      ...options,
      env: { ...variables, ...options.env },
    });
  }
}

export interface UpOptions {
  services?: string[];
  wait?: boolean;
  waitTimeoutSeconds?: number;
  removeOrphans?: boolean;
  forceRecreate?: boolean;
  /** What runs is left as it is, whatever the files say by now. */
  noRecreate?: boolean;
  /** What a container that is replaced is given to end, whatever the file says. */
  timeoutSeconds?: number;
  noDeps?: boolean;
  pull?: boolean;
}

function upArguments({ services = [], waitTimeoutSeconds, ...options }: UpOptions): string[] {
  return [
    'up',
    '--detach',
    '--no-build',
    '--pull',
    options.pull ? 'missing' : 'never',
    ...(options.wait ? ['--wait'] : []),
    ...(waitTimeoutSeconds ? ['--wait-timeout', String(waitTimeoutSeconds)] : []),
    ...(options.removeOrphans ? ['--remove-orphans'] : []),
    ...(options.forceRecreate ? ['--force-recreate'] : []),
    ...(options.noRecreate ? ['--no-recreate'] : []),
    ...seconds(options.timeoutSeconds),
    ...(options.noDeps ? ['--no-deps'] : []),
    ...services,
  ];
}

function noTerminal(options: ChildOptions): string[] {
  return options.output === 'terminal' ? [] : ['--no-TTY'];
}

function containerArguments(options: {
  user?: string;
  variables?: Record<string, string>;
}): string[] {
  return [
    ...(options.user ? ['--user', options.user] : []),
    ...Object.entries(options.variables ?? {}).flatMap(([name, value]) => [
      '--env',
      `${name}=${value}`,
    ]),
  ];
}

function seconds(timeout: number | undefined): string[] {
  return timeout === undefined ? [] : ['--timeout', String(timeout)];
}
