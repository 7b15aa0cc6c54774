import type { Afterwards, ChildOptions, ChildResult } from '../client/child';
import type { Engine } from '../engine';

export interface ComposeProject {
  /** Compose files, later ones on top. */
  files: string[];
  /** Project name; the file's own when left out. */
  project?: string;
  envFile?: string;
  profiles?: string[];
  /** Values for ${…} in the files, before those of `envFile`. */
  variables?: Record<string, string>;
}

/** A container of a project, from `compose ps`. */
export interface ComposeContainer {
  name: string;
  service: string;
  image: string;
  state: 'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead';
  /** Undefined for a service without a health check. */
  health: 'starting' | 'healthy' | 'unhealthy' | undefined;
  exitCode: number;
  ports: { address: string; published: number; target: number; protocol: string }[];
}

type Streaming = Pick<ChildOptions, 'signal' | 'output'>;

/** `docker compose` for one project. By default output is captured; `{ output: 'show' }` shows it. */
export class Compose {
  constructor(
    private readonly engine: Engine,
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
        ...['logs', '--no-color'],
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
    options: ChildOptions & { user?: string; variables?: Record<string, string> } = {},
  ): Promise<ChildResult> {
    const args = ['exec', ...noTerminal(options), ...common(options), service, ...command];
    return this.call(args, { allowFailure: true, ...options });
  }

  /** Runs `command` in a new container of `service` and removes it. Its status is in the result. */
  run(
    service: string,
    command: string[],
    options: ChildOptions & {
      user?: string;
      variables?: Record<string, string>;
      noDeps?: boolean;
      entrypoint?: string;
    } = {},
  ): Promise<ChildResult> {
    const args = [
      ...['run', '--rm', ...noTerminal(options), ...common(options)],
      ...(options.noDeps ? ['--no-deps'] : []),
      ...(options.entrypoint ? ['--entrypoint', options.entrypoint] : []),
      ...[service, ...command],
    ];
    return this.call(args, { allowFailure: true, ...options });
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
  noDeps?: boolean;
  pull?: boolean;
}

function upArguments({ services = [], waitTimeoutSeconds, ...options }: UpOptions): string[] {
  return [
    ...['up', '--detach', '--no-build', '--pull', options.pull ? 'missing' : 'never'],
    ...(options.wait ? ['--wait'] : []),
    ...(waitTimeoutSeconds ? ['--wait-timeout', String(waitTimeoutSeconds)] : []),
    ...(options.removeOrphans ? ['--remove-orphans'] : []),
    ...(options.forceRecreate ? ['--force-recreate'] : []),
    ...(options.noDeps ? ['--no-deps'] : []),
    ...services,
  ];
}

/** The options of `docker compose` that choose `project`. */
export function projectArguments(project: ComposeProject): string[] {
  return [
    ...['--ansi', 'never', '--progress', 'plain'],
    ...project.files.flatMap((file) => ['--file', file]),
    ...(project.project ? ['--project-name', project.project] : []),
    ...(project.envFile ? ['--env-file', project.envFile] : []),
    ...(project.profiles ?? []).flatMap((profile) => ['--profile', profile]),
  ];
}

interface PsRow {
  Name: string;
  Service: string;
  Image: string;
  State: ComposeContainer['state'];
  Health?: string;
  ExitCode: number;
  Publishers?:
    { URL: string; TargetPort: number; PublishedPort: number; Protocol: string }[] | null;
}

/** `compose ps --format json`: one array before Compose 2.21, one object a line since. */
export function parseContainers(stdout: string): ComposeContainer[] {
  const text = stdout.trim();
  const rows = text.startsWith('[')
    ? (JSON.parse(text) as PsRow[])
    : text
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as PsRow);
  return rows.map((row) => ({
    name: row.Name,
    service: row.Service,
    image: row.Image,
    state: row.State,
    health: (row.Health || undefined) as ComposeContainer['health'],
    exitCode: row.ExitCode,
    ports: (row.Publishers ?? [])
      .filter((each) => each.PublishedPort > 0)
      .map((each) => ({
        address: each.URL,
        published: each.PublishedPort,
        target: each.TargetPort,
        protocol: each.Protocol,
      })),
  }));
}

function noTerminal(options: ChildOptions): string[] {
  return options.output === 'terminal' ? [] : ['--no-TTY'];
}

function common(options: { user?: string; variables?: Record<string, string> }): string[] {
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
