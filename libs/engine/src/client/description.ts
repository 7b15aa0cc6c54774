import { EngineError } from './error';

/** Where a client and its daemon are: all that is needed to start the client. */
export interface EngineAddress {
  kind: 'system' | 'private' | 'podman';
  /** Path of the client: `docker`, or `podman`. */
  docker: string;
  /** What the client needs beyond our own environment. */
  env: Record<string, string>;
}

/** An engine that answered and that is new enough. */
export interface EngineDescription extends EngineAddress {
  /** Paths of the plugins. They are started directly: `docker buildx` would stand between us and
   * the process that a signal has to reach. */
  buildxPath: string;
  composePath: string;
  serverVersion: string;
  buildxVersion: string;
  composeVersion: string;
  store: 'containerd' | 'classic';
  /** What it calls itself, the same by whichever way it is asked; undefined where it does not say. */
  id?: string | undefined;
  /** Of the daemon, not of this process: 'linux/amd64', 'linux/arm64'. */
  platform: string;
}

/** The part of `docker info --format json` that is read. */
export interface DockerInfo {
  ID?: string;
  ServerVersion?: string;
  OSType?: string;
  Architecture?: string;
  DriverStatus?: [string, string][] | null;
  ServerErrors?: string[];
  /** Podman's service sets it, and calls its version Docker's. */
  ProductLicense?: string;
  ClientInfo?: { Plugins?: { Name: string; Path: string; Version?: string; Err?: string }[] };
}

/** Docker 25 is the first whose `docker save` writes an OCI layout with either image store. */
const OLDEST_DOCKER = 25;

const ARCHITECTURES: Record<string, string> = {
  x86_64: 'amd64',
  amd64: 'amd64',
  aarch64: 'arm64',
  arm64: 'arm64',
  armv7l: 'arm/v7',
};

/**
 * What an engine says about itself, with or without a client before it.
 *
 * @throws EngineError `ENGINE_TOO_OLD`, `NO_LINUX_CONTAINERS`
 */
export function engineFacts(
  info: DockerInfo,
): Pick<EngineDescription, 'serverVersion' | 'store' | 'platform'> {
  const serverVersion = info.ServerVersion ?? '';
  if (info.OSType !== undefined && info.OSType !== 'linux') {
    throw new EngineError('NO_LINUX_CONTAINERS', {
      message: `The container engine runs ${info.OSType} containers; Linux containers are needed`,
      hint: 'Switch Docker Desktop to Linux containers',
    });
  }
  if (majorOf(serverVersion) < OLDEST_DOCKER) {
    throw new EngineError('ENGINE_TOO_OLD', {
      message: `Docker ${serverVersion} is too old: it cannot save images as OCI layouts; ${OLDEST_DOCKER} or newer is needed`,
      hint: 'Update Docker, or stop it and start again: where no Docker answers, Debian and Ubuntu get a private engine',
    });
  }
  return {
    serverVersion,
    store: isContainerdStore(info) ? 'containerd' : 'classic',
    platform: `linux/${ARCHITECTURES[info.Architecture ?? ''] ?? info.Architecture}`,
  };
}

/**
 * What `docker info` says about the engine at `address`.
 *
 * @throws EngineError `ENGINE_TOO_OLD`, `NO_BUILDX`, `NO_COMPOSE`, `NO_LINUX_CONTAINERS`: the
 *   message names the version that was found and why it does not do.
 */
export function describeEngine(address: EngineAddress, info: DockerInfo): EngineDescription {
  const facts = engineFacts(info);
  const { serverVersion } = facts;
  const buildx = pluginOf(info, 'buildx');
  if (!buildx) {
    throw new EngineError('NO_BUILDX', {
      message: `Docker ${serverVersion} has no buildx plugin; stages are built with it`,
      hint: 'Install it (package docker-buildx or docker-buildx-plugin)',
    });
  }
  const compose = pluginOf(info, 'compose');
  if (!compose || majorOf(compose.version) < 2) {
    const found = compose ? `only Compose ${compose.version}` : 'no Compose plugin';
    throw new EngineError('NO_COMPOSE', {
      message: `Docker ${serverVersion} has ${found}; Compose 2 or newer is needed (docker-compose 1 does not do)`,
      hint: 'Install it (package docker-compose-v2, docker-compose-plugin or, on Debian 13, docker-compose)',
    });
  }
  return {
    ...address,
    ...facts,
    id: info.ID,
    buildxPath: buildx.path,
    composePath: compose.path,
    buildxVersion: buildx.version,
    composeVersion: compose.version,
  };
}

/** Podman behind Docker's socket: it takes Docker's calls but for what stages are built with. */
export function isPodmans({ ProductLicense }: DockerInfo): boolean {
  return ProductLicense === 'Apache-2.0';
}

/** 26 for '26.1.5+dfsg1'; 0 for what is no version. Development builds count as new. */
export function majorOf(version: string): number {
  if (/^(dev|HEAD|master)/i.test(version)) return Number.MAX_SAFE_INTEGER;
  return Number(/^v?(\d+)(?:\.|$)/.exec(version)?.[1] ?? 0);
}

function pluginOf(info: DockerInfo, name: string): { path: string; version: string } | undefined {
  const plugin = info.ClientInfo?.Plugins?.find((each) => each.Name === name && !each.Err);
  return plugin && { path: plugin.Path, version: (plugin.Version ?? '').replace(/^v/, '') };
}

function isContainerdStore(info: DockerInfo): boolean {
  return (info.DriverStatus ?? []).some(
    ([key, value]) => key === 'driver-type' && value.startsWith('io.containerd.snapshotter'),
  );
}
