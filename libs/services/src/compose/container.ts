import type { Engine } from '@excel2doc/engine';
import { MOUNTED_LABEL } from './mounted-files';

/** A container of a Compose project, as `docker container inspect` describes it. */
export interface Container {
  id: string;
  name: string;
  service: string;
  /** Made by `compose run`, not by `compose up`. */
  oneOff: boolean;
  /** Of the image that it runs: what the engine reports for it, whatever its tags name by now. */
  imageId: string;
  /** The name that it was started by. */
  image: string;
  /** Compose's digest of the service's configuration. */
  configHash: string;
  /** What its label says of the files that it was given; empty without one. */
  mountedFiles: string;
  state: string;
  /** Undefined without a health check. */
  health: string | undefined;
  /** What the last failed health check printed. */
  lastCheck: string | undefined;
  exitCode: number;
  restarts: number;
  outOfMemory: boolean;
  /** Milliseconds since 1970. */
  createdAtMs: number;
  /** Milliseconds since 1970. */
  startedAtMs: number;
  ports: { address: string; published: number; target: string }[];
}

interface Inspected {
  Id: string;
  Name: string;
  Image: string;
  Created: string;
  RestartCount: number;
  Config: { Image: string; Labels?: Record<string, string> | null };
  State: {
    Status: string;
    StartedAt: string;
    ExitCode: number;
    OOMKilled?: boolean;
    Health?: { Status: string; Log?: { ExitCode: number; Output: string }[] | null };
  };
  NetworkSettings?: {
    Ports?: Record<string, { HostIp: string; HostPort: string }[] | null> | null;
  };
}

const LABEL = 'com.docker.compose';

export function parseContainer(inspected: unknown): Container {
  const { Id, Name, Image, Created, RestartCount, Config, State, NetworkSettings } =
    inspected as Inspected;
  const labels = Config.Labels ?? {};
  const failed = State.Health?.Log?.findLast(({ ExitCode }) => ExitCode !== 0);
  return {
    id: Id,
    name: Name.replace(/^\//, ''),
    service: labels[`${LABEL}.service`] ?? '',
    oneOff: labels[`${LABEL}.oneoff`] === 'True',
    imageId: Image,
    image: Config.Image,
    configHash: labels[`${LABEL}.config-hash`] ?? '',
    mountedFiles: labels[MOUNTED_LABEL] ?? '',
    state: State.Status,
    health: State.Health?.Status,
    lastCheck: failed?.Output.trim().split('\n').at(-1),
    exitCode: State.ExitCode,
    restarts: RestartCount,
    outOfMemory: State.OOMKilled ?? false,
    createdAtMs: Date.parse(Created),
    startedAtMs: Date.parse(State.StartedAt),
    ports: Object.entries(NetworkSettings?.Ports ?? {}).flatMap(([target, bindings]) =>
      (bindings ?? []).map(({ HostIp, HostPort }) => ({
        address: HostIp,
        published: Number(HostPort),
        target,
      })),
    ),
  };
}

/** All containers of a Compose project, ended and one-off ones too, by service. */
export async function projectContainers(engine: Engine, project: string): Promise<Container[]> {
  const found = await engine.containers(`${LABEL}.project=${project}`);
  return found
    .map(parseContainer)
    .sort((a, b) => (a.service < b.service ? -1 : a.service > b.service ? 1 : 0));
}

/** Those of `names` that are there. */
export async function inspectContainers(engine: Engine, names: string[]): Promise<Container[]> {
  return (await engine.inspectContainers(names)).map(parseContainer);
}
