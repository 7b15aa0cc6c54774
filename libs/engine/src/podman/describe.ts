import { type EngineDescription, majorOf } from '../client/description';
import { EngineError } from '../client/error';

/** The part of `podman info --format json` that is read. */
export interface PodmanInfo {
  version: { Version: string };
  host: { arch: string; os: string; memTotal: number };
  store: { graphRoot: string };
}

/** The first that takes named contexts of a build is 4.2; 4.3 is what Debian 12 has, and is tried. */
const OLDEST = { major: 4, minor: 3 };

/**
 * What `podman info` says about the Podman at `path`.
 *
 * @throws EngineError `ENGINE_TOO_OLD`
 */
export function describePodman(path: string, info: PodmanInfo): EngineDescription {
  const version = info.version.Version;
  if (!isFrom(OLDEST, version)) {
    throw new EngineError('ENGINE_TOO_OLD', {
      message: `Podman ${version} is too old; ${OLDEST.major}.${OLDEST.minor} or newer is needed`,
      hint: 'Update Podman, or start Docker and set the option engine to docker',
    });
  }
  return {
    kind: 'podman',
    docker: path,
    env: {},
    serverVersion: version,
    // It has neither; whoever asks for one is told so.
    buildxPath: '',
    buildxVersion: '',
    composePath: '',
    composeVersion: '',
    // As in Docker's classic store, an image's id is the digest of its config.
    store: 'classic',
    platform: `${info.host.os}/${info.host.arch}`,
  };
}

/** RUN and COPY take heredocs from buildah 1.33 on. @see Podman 4.9's release notes */
export function takesHeredocs(version: string): boolean {
  return isFrom({ major: 4, minor: 9 }, version);
}

function isFrom(oldest: typeof OLDEST, version: string): boolean {
  const major = majorOf(version);
  const minor = Number(version.split('.')[1] ?? 0);
  return major > oldest.major || (major === oldest.major && minor >= oldest.minor);
}
