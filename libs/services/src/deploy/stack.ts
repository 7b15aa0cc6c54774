import {
  type DeployService,
  type DeploySubject,
  digestOf,
  listOf,
  mountedFiles,
  ownServices,
  without,
} from './model';

/** A file for `docker stack deploy`. */
export interface Stack {
  version: '3.12';
  services: Record<string, object>;
  volumes: Record<string, object>;
  configs: Record<string, { name: string; file: string }>;
}

/**
 * The Swarm stack of a Compose model. What Swarm does not know is said in its words (a restart
 * policy, a file as a config) or is what Swarm does anyway (an order of starts: it starts again
 * what ended). The project's services are replaced start-first and roll back by themselves.
 *
 * @throws StagesError `COMMAND_FAILED` for a folder of this machine, which no other node has.
 */
export function swarmStack(subject: DeploySubject): Stack {
  const { config } = subject;
  const own = ownServices(subject);
  const stack: Stack = { version: '3.12', services: {}, volumes: {}, configs: {} };
  for (const [name, service] of Object.entries(config.services)) {
    const configs = configsOf(subject, name, stack);
    const named = (service.volumes ?? []).filter(({ type }) => type === 'volume');
    for (const { source } of named) if (source) stack.volumes[source] = {};
    stack.services[name] = defined({
      image: own.includes(name) ? subject.image : service.image,
      command: service.command ?? undefined,
      entrypoint: service.entrypoint ?? undefined,
      environment: service.environment,
      user: service.user,
      working_dir: service.working_dir,
      read_only: service.read_only,
      cap_add: service.cap_add,
      cap_drop: service.cap_drop,
      stop_grace_period: service.stop_grace_period,
      healthcheck: service.healthcheck,
      logging: service.logging,
      ports: service.ports?.map(({ target, published, protocol = 'tcp' }) =>
        defined({
          target,
          protocol,
          mode: service.deploy?.endpoint_mode === 'vip' ? 'ingress' : 'host',
          published: published ? Number(published) : undefined,
        }),
      ),
      volumes: [
        ...named.map(({ source, target }) => ({ type: 'volume', source, target })),
        ...temporary(service),
      ],
      configs,
      deploy: {
        ...DIRECT,
        restart_policy: { condition: service.restart === 'no' ? 'none' : 'any', delay: '2s' },
        ...service.deploy,
        ...(own.includes(name) && rolling(service.deploy)),
      },
    });
  }
  return stack;
}

/**
 * The new one serves before the old one goes; one that does not get healthy goes by itself. What the
 * Compose file says of either counts more.
 */
const rolling = ({
  update_config: update,
  rollback_config: back,
}: DeployService['deploy'] = {}) => ({
  update_config: { order: 'start-first', failure_action: 'rollback', monitor: '15s', ...update },
  rollback_config: { order: 'start-first', ...back },
});

/**
 * By name to the container itself: behind Swarm's virtual addresses a connection that was idle for
 * 15 minutes is cut, which a database's is, and the addresses of visitors are lost. A service with
 * `endpoint_mode: vip` is left to Swarm.
 */
const DIRECT = { endpoint_mode: 'dnsrr' };

function temporary({ tmpfs, shm_size: shm }: DeployService): object[] {
  const mounts = listOf(tmpfs).map((entry) => {
    const [target = '', options = ''] = entry.split(':');
    const mode = /(?:^|,)mode=(\d+)/.exec(options)?.[1];
    return { type: 'tmpfs', target, ...(mode && { tmpfs: { mode: parseInt(mode, 8) } }) };
  });
  return shm === undefined
    ? mounts
    : [...mounts, { type: 'tmpfs', target: '/dev/shm', tmpfs: { size: Number(shm) } }];
}

/** A config never changes: one with other content has another name. */
function configsOf(subject: DeploySubject, name: string, stack: Stack): object[] {
  return mountedFiles(subject, name).map(({ source, target, content }) => {
    const key = `file-${digestOf(content)}`;
    stack.configs[key] = { name: `${subject.config.name}-${key}`, file: source };
    return { source: key, target };
  });
}

/** The service that migrates before the others are deployed; it ends, and is taken out again. */
export function migrationJob(
  stack: Stack,
  service: string,
  command: string[],
  environment?: DeploySubject['migrationEnvironment'],
): object {
  return {
    ...without(stack.services[service] as { ports?: object }, 'ports'),
    command,
    ...(environment && { environment }),
    healthcheck: { disable: true },
    deploy: { mode: 'replicated-job', restart_policy: { condition: 'none' } },
  };
}

/** Without what is undefined or empty: a stack file knows neither. */
function defined(values: Record<string, unknown>): object {
  return Object.fromEntries(
    Object.entries(values).filter(
      ([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0),
    ),
  );
}
