import { createHash } from 'node:crypto';
import { StagesError } from '@excel2doc/stages';

/** The parts of `compose config --format json` that a deployment is made of. */
export interface DeployConfig {
  name: string;
  services: Record<string, DeployService>;
  networks?: Record<string, { internal?: boolean } | null>;
}

export interface DeployService {
  image?: string;
  labels?: Record<string, string>;
  command?: string[] | null;
  entrypoint?: string[] | null;
  environment?: Record<string, string | null>;
  user?: string;
  working_dir?: string;
  restart?: string;
  read_only?: boolean;
  cap_add?: string[];
  cap_drop?: string[];
  security_opt?: string[];
  tmpfs?: string | string[];
  shm_size?: string | number;
  stop_grace_period?: string;
  healthcheck?: HealthCheck;
  logging?: object;
  depends_on?: Record<string, unknown>;
  networks?: Record<string, unknown> | null;
  ports?: { mode?: string; target: number; published?: string; protocol?: string }[];
  volumes?: { type: string; source?: string; target: string; read_only?: boolean }[];
  deploy?: {
    replicas?: number;
    resources?: Partial<
      Record<'limits' | 'reservations', { cpus?: string | number; memory?: string | number }>
    >;
    update_config?: object;
    rollback_config?: object;
    restart_policy?: object;
    [more: string]: unknown;
  };
}

export interface HealthCheck {
  test?: string[];
  interval?: string;
  timeout?: string;
  retries?: number;
  start_period?: string;
  start_interval?: string;
  disable?: boolean;
}

/** What a deployment is asked for; plain data, so that the same input gives the same output. */
export interface DeploySubject {
  config: DeployConfig;
  /** The service that runs this project's image, and the reference that all its services get. */
  service: string;
  image: string;
  /** The environment that migrations run in, where it is not the service's own. */
  migrationEnvironment?: Record<string, string | null> | undefined;
  /** Contents of the files that services mount, by path. */
  files: ReadonlyMap<string, string>;
  /** What their images say of themselves, by service. */
  images: ReadonlyMap<string, ImageFacts>;
}

/** What a Compose model leaves to the image. */
export interface ImageFacts {
  /** That are exposed. */
  ports: number[];
  healthcheck: HealthCheck | undefined;
  /** The user that it runs as; undefined for root. */
  uid: number | undefined;
}

/** A file of this machine that a service mounts. */
export interface MountedFile {
  source: string;
  target: string;
  content: string;
}

/** @throws StagesError `COMMAND_FAILED` for a folder: no other machine has it. */
export function mountedFiles({ config, files }: DeploySubject, name: string): MountedFile[] {
  const binds = config.services[name]?.volumes?.filter(({ type }) => type === 'bind') ?? [];
  return binds.map(({ source = '', target }) => {
    const content = files.get(source);
    if (content !== undefined) return { source, target, content };
    throw new StagesError('COMMAND_FAILED', {
      message: `${name} mounts ${source}, which is no file that could be taken along`,
      hint: 'Put it into the image, or into a volume',
    });
  });
}

/** Of some content; what has it in its name never changes. */
export const digestOf = (content: string) =>
  createHash('sha256').update(content).digest('hex').slice(0, 12);

/**
 * Of an environment. Each value counts by its own digest, in the order of the names: a chart, which
 * makes it from values that are given later, comes to the same.
 */
export const environmentDigest = (environment: Record<string, string>) =>
  digestOf(
    Object.entries(environment)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => `${name}=${createHash('sha256').update(value).digest('hex')}\n`)
      .join(''),
  );

/** Services that run the project's image: they have no state of their own and can run twice at once. */
export function ownServices({ config, service }: Pick<DeploySubject, 'config' | 'service'>) {
  const image = config.services[service]?.image;
  return Object.keys(config.services).filter((name) => config.services[name]?.image === image);
}

export const listOf = (value: string | string[] | undefined): string[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value];

/** `value` less some of its keys. */
export function without<T extends object, K extends keyof T>(value: T, ...keys: K[]): Omit<T, K> {
  const rest = { ...value };
  for (const key of keys) delete rest[key];
  return rest;
}

const starred = (environment: object): Record<string, string> =>
  Object.fromEntries(Object.keys(environment).map((key) => [key, '***']));

/** The same with `***` for every value of an environment, also where a command repeats it. */
export function masked(subject: DeploySubject): DeploySubject {
  const services = Object.entries(subject.config.services).map(([name, service]) => {
    const values = Object.values(service.environment ?? {}).filter((value) => (value ?? '') !== '');
    const hide = (word: string) =>
      values.reduce<string>(
        (text, value) => (value!.length >= 8 ? text.replaceAll(value!, '***') : text),
        word,
      );
    return [
      name,
      {
        ...service,
        environment: starred(service.environment ?? {}),
        ...(service.command && { command: service.command.map(hide) }),
        ...(service.entrypoint && { entrypoint: service.entrypoint.map(hide) }),
      },
    ];
  });
  const { config, migrationEnvironment } = subject;
  return {
    ...subject,
    config: { ...config, services: Object.fromEntries(services) },
    ...(migrationEnvironment && { migrationEnvironment: starred(migrationEnvironment) }),
  };
}
