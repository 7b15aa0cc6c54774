/** Every reason for which this library gives up. Listed, with their meaning, in the README. */
export type EngineErrorCode =
  | 'NO_ENGINE'
  | 'ENGINE_TOO_OLD'
  | 'NO_BUILDX'
  | 'NO_COMPOSE'
  | 'NO_BUILDER'
  | 'BUILDER_GONE'
  | 'BUILDER_UNFIT'
  | 'NO_LINUX_CONTAINERS'
  | 'NEEDS_DOCKER'
  | 'DAEMON_GONE'
  | 'DISK_FULL'
  | 'PORT_TAKEN'
  | 'IMAGE_BUSY'
  | 'IMAGE_NOT_FOUND'
  | 'REGISTRY_UNREACHABLE'
  | 'DNS_FAILURE'
  | 'DOCKERFILE_INVALID'
  | 'PACKAGE_NOT_FOUND'
  | 'LAYERS_MISSING'
  | 'BUILD_FAILED'
  | 'COMMAND_FAILED'
  | 'OUTPUT_LOST'
  | 'TIMED_OUT'
  | 'CANCELLED'
  | 'UNSUPPORTED_HOST'
  | 'NO_ROOT'
  | 'NO_MIRROR'
  | 'DAEMON_FAILED'
  | 'STAND_IN_FAILED'
  | 'LOCK_INVALID';

/** What happened and what to do next; `stderr` holds all that the child process said. */
export class EngineError extends Error {
  readonly code: EngineErrorCode;
  readonly hint: string;
  readonly stderr!: string;

  constructor(
    code: EngineErrorCode,
    detail: { message: string; hint: string; stderr?: string; cause?: unknown },
  ) {
    super(detail.message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.name = 'EngineError';
    this.code = code;
    this.hint = detail.hint;
    // Thousands of lines: there for who asks, not in every print of the error.
    Object.defineProperty(this, 'stderr', { value: detail.stderr ?? '', enumerable: false });
  }
}
