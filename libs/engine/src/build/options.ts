import type { Redactor } from '../client/redact';

export interface BuildOptions {
  /** Path of the Dockerfile. */
  dockerfile: string;
  contextDir: string;
  target?: string;
  /** 'linux/arm64'; the engine's own when left out. */
  platform?: string;
  /** A builder of `docker buildx create` by its name, for a platform that it runs natively. */
  builder?: string;
  /** How long that one may take until it answers. */
  answerMs?: number;
  buildArgs?: Record<string, string>;
  /** Name (a stage's, or an image reference of a FROM) -> what stands for it: `ociLayoutContext()`,
   * 'docker-image://…', a folder. */
  namedContexts?: Record<string, string>;
  /** As buildx takes them: 'id=token,src=…', 'id=token,env=TOKEN'. */
  secrets?: string[];
  ssh?: string[];
  /** Variables of the client that `secrets` name. */
  secretVariables?: Record<string, string>;
  /** Takes the secrets' values out of all that the client says. */
  redactor?: Redactor;
  /** Names that RUN steps resolve, as `name:address`. They are part of BuildKit's own cache keys. */
  hosts?: string[];
  /** `cache`: nothing but what the builder keeps for the next build. */
  output:
    { kind: 'oci-layout'; dir: string } | { kind: 'load'; tags: string[] } | { kind: 'cache' };
  noCache?: boolean;
  /** In seconds; RUN steps see it. */
  sourceDateEpoch?: number;
  labels?: Record<string, string>;
  signal?: AbortSignal;
  /** Off: the progress is only on the error. */
  showProgress?: boolean;
  /** Told BuildKit's plain progress as it comes, which is not shown then. */
  onProgress?: (text: string) => void;
}

/** The options of `buildx build`, less output and context. */
export function buildArguments(options: BuildOptions): string[] {
  const pairs = (values: Record<string, string> | undefined) =>
    Object.entries(values ?? {}).map(([name, value]) => `${name}=${value}`);
  return [
    'build',
    '--progress=plain',
    // An attestation holds the time of the build: the digest would change with every one.
    '--provenance=false',
    ...(options.builder ? ['--builder', options.builder] : []),
    '--file',
    options.dockerfile,
    ...(options.target ? ['--target', options.target] : []),
    ...(options.platform ? ['--platform', options.platform] : []),
    ...flags('--build-arg', pairs(options.buildArgs)),
    ...flags('--build-context', pairs(options.namedContexts)),
    ...flags('--label', pairs(options.labels)),
    ...flags('--secret', options.secrets ?? []),
    ...flags('--ssh', options.ssh ?? []),
    ...flags('--add-host', options.hosts ?? []),
    ...(options.noCache ? ['--no-cache'] : []),
  ];
}

/** `name` before each of `values`. */
export function flags(name: string, values: string[]): string[] {
  return values.flatMap((value) => [name, value]);
}
