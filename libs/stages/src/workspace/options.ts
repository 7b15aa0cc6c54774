import type { Compression, Layering } from '@excel2doc/oci';
import { similarTo } from '@excel2doc/dockerfile';
import { type Builders, isBuilders } from './builders';
import { type CacheMounts, type CacheMountsOption, cacheMountsOf } from './cache-mounts-option';
import type { SecretOption, SecretVersion } from './secret-options';
import type { EngineChoice } from '@excel2doc/engine';
import type { Modes } from './modes';
import { builderKeyFault, platformsFault, wantedPlatforms } from './platform';

/** What nx.json may set for the plugin. Everything has a default. */
export interface PluginOptions {
  /** Name of the image that a project builds; `{projectName}` stands for the project's name. */
  imageName?: string;
  /**
   * Further tags of every image, as docker/metadata-action takes them: `type=ref,event=branch`,
   * `type=semver,pattern={{version}}`, `type=sha`, or a tag as it is.
   */
  tags?: string[];
  /** Images have the tags that are named alone: neither `dev`, nor the commit's, nor the digest's. */
  skipDefaultTag?: boolean;
  /** Labels of every image: `oci` for what git and CI say, or `NAME=VALUE`. In no key. */
  labels?: string[];
  /** Annotations of every image; `manifest,index:NAME=VALUE` says where. In no key. */
  annotations?: string[];
  /** Images take part in `nx release`: projects get a target `nx-release-publish`. */
  release?: boolean;
  /** The lock of base images, relative to the workspace. */
  lockFile?: string;
  /** Platforms to build for, e.g. `linux/arm64`. Default: the one of this machine. */
  platforms?: string[];
  /** Where `docker-push` pushes to: `registry.example.com/team`; the image's name is put behind it. */
  registry?: string;
  /**
   * Where the layers of stages are kept: `inline` in Nx's outputs (the default), in a registry, so that
   * Nx's caches hold descriptions of some kilobytes (`{ kind: 'registry', repository: 'HOST/NAME' }`), or
   * each by itself in the remote cache that Nx is given (`{ kind: 'remote-cache' }`).
   */
  blobStore?: BlobStoreOption;
  /**
   * Which builder of `docker buildx create` (driver remote, kubernetes or docker-container) runs the
   * RUN steps of a platform, `{ "linux/arm64": "arm-machine" }`, or which of several, `*` being all other
   * platforms: `{ "*": ["builder-1", "builder-2"] }`. Default: the engine itself, which emulates a
   * platform that is not its own. In no stage's key.
   */
  builders?: Builders;
  /** How layers are compressed: `gzip` (the default), or `zstd`, which takes Node 22.15 or newer. */
  compression?: Compression;
  /**
   * Compose files whose builds count, relative to the workspace, besides those that are called as Compose
   * calls them and those that `COMPOSE_FILE` of a `.env` in git names.
   */
  composeFiles?: string[];
  /**
   * Whose modes files of a context have in keys and layers: those that git knows (`git`, the default:
   * 0644, 0755 by the x bit, folders 0755), which are the same on every checkout, or those on the disk
   * (`disk`), as BuildKit takes them.
   */
  modes?: Modes;
  /**
   * What is copied from another stage is a layer a `package`, so that a dependency more moves one small
   * layer, or a layer a COPY, as in the Dockerfile: `stage`.
   */
  layering?: Layering;
  /**
   * What package managers keep in `RUN --mount=type=cache` is kept in the remote cache that Nx is given, so
   * that a machine that never built the stage has it: `true`, or `{ "budget": "2GB", "others": ["/path"] }`.
   * Off by default.
   */
  cacheMounts?: CacheMountsOption;
  /**
   * Which container engine runs RUN steps and takes images: `docker`, `podman`, or `auto` (the
   * default), which is Docker where it answers, else Podman. NX_STAGES_ENGINE goes before it.
   */
  engine?: EngineChoice;
  /**
   * What this workspace adds to the plugin's own hints, by an error's code or a finding's id:
   * `{ "NO_ENGINE": "`make engine` sets one up" }`.
   */
  hints?: Record<string, string>;
  /** Secrets that every Dockerfile may mount: `id=npm,env=NPM_TOKEN`, or `{ "id", "command" }`. */
  secrets?: SecretOption[];
  /** SSH agents that every Dockerfile may mount: `default`. */
  ssh?: string[];
  /** Part of the keys of the stages that mount a secret: of all, or by id. */
  secretVersion?: SecretVersion;
}

export type BlobStoreOption =
  { kind: 'inline' } | { kind: 'registry'; repository: string } | { kind: 'remote-cache' };

export interface ResolvedOptions {
  imageName: string;
  tags: string[] | undefined;
  skipDefaultTag: boolean | undefined;
  labels: string[] | undefined;
  annotations: string[] | undefined;
  release: boolean;
  lockFile: string;
  platforms: string[] | undefined;
  registry: string | undefined;
  /** The repository that layers are kept in; undefined where outputs hold them. */
  layerRepository: string | undefined;
  /** Layers are kept each by itself in Nx's remote cache. */
  layersInCache: true | undefined;
  builders: Builders | undefined;
  /** Absent for gzip: it stands in no target then. */
  compression: 'zstd' | undefined;
  /** Absent for git's. */
  modes: 'disk' | undefined;
  layering: 'package' | undefined;
  cacheMounts: CacheMounts | undefined;
  engine: EngineChoice | undefined;
}

const known = {
  imageName: 'a string',
  lockFile: 'a string',
  platforms: 'a list of strings',
  registry: 'a string',
  blobStore: 'an object',
  builders: 'an object of builders’ names, or lists of them, by platform',
  compression: '"gzip" or "zstd"',
  modes: '"git" or "disk"',
  layering: '"package" or "stage"',
  cacheMounts: 'true, false or an object',
  composeFiles: 'a list of strings',
  engine: '"auto", "docker" or "podman"',
  hints: 'an object of strings',
  secrets: 'a list',
  ssh: 'a list of strings',
  secretVersion: 'a string, a number or an object of such',
  tags: 'a list of strings',
  skipDefaultTag: 'true or false',
  labels: 'a list of strings',
  annotations: 'a list of strings',
  release: 'true or false',
} as const;

/**
 * The options with their defaults.
 *
 * @throws Error naming an option that does not exist or is of the wrong kind: a misspelt one would
 *   be ignored in silence.
 */
export function resolveOptions(options: PluginOptions = {}): ResolvedOptions {
  for (const [name, value] of Object.entries(options)) refuseUnlessKnown(name, value);
  refuseUnknownPlatforms(options);
  return {
    imageName: options.imageName ?? '{projectName}',
    tags: options.tags,
    skipDefaultTag: options.skipDefaultTag,
    labels: options.labels,
    annotations: options.annotations,
    release: options.release ?? false,
    lockFile: options.lockFile ?? 'docker/images.lock.json',
    platforms: options.platforms && wantedPlatforms(options.platforms),
    registry: options.registry,
    ...layerPlaceOf(options.blobStore),
    builders: options.builders,
    compression: options.compression === 'zstd' ? 'zstd' : undefined,
    modes: options.modes === 'disk' ? 'disk' : undefined,
    layering: options.layering === 'package' ? 'package' : undefined,
    cacheMounts: cacheMountsOf(options.cacheMounts),
    engine: options.engine,
  };
}

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isPlain = (value: unknown) => typeof value === 'string' || typeof value === 'number';

const isA: Record<(typeof known)[keyof typeof known], (value: unknown) => boolean> = {
  'a string': (value) => typeof value === 'string',
  'true or false': (value) => typeof value === 'boolean',
  'a list of strings': (value) =>
    Array.isArray(value) && value.every((each) => typeof each === 'string'),
  'an object of strings': (value) =>
    isObject(value) && Object.values(value).every((each) => typeof each === 'string'),
  'a string, a number or an object of such': (value) =>
    isPlain(value) || (isObject(value) && Object.values(value).every(isPlain)),
  'a list': Array.isArray,
  'an object': isObject,
  'an object of builders’ names, or lists of them, by platform': isBuilders,
  'true, false or an object': (value) => typeof value === 'boolean' || isObject(value),
  '"gzip" or "zstd"': (value) => value === 'gzip' || value === 'zstd',
  '"git" or "disk"': (value) => value === 'git' || value === 'disk',
  '"package" or "stage"': (value) => value === 'package' || value === 'stage',
  '"auto", "docker" or "podman"': (value) => ['auto', 'docker', 'podman'].includes(String(value)),
};

function refuseUnlessKnown(name: string, value: unknown): void {
  const names = Object.keys(known);
  const wanted = known[name as keyof typeof known];
  if (!wanted) {
    const similar = similarTo(name, names);
    throw new Error(
      `nx.json: @excel2doc/nx-stages has no option "${name}"; ` +
        (similar ? `did you mean "${similar}"?` : `it has ${names.join(', ')}`),
    );
  }
  if (value === undefined || isA[wanted](value)) return;
  throw new Error(
    `nx.json: option "${name}" of @excel2doc/nx-stages is ${JSON.stringify(value)}, it has to be ${wanted}`,
  );
}

function refuseUnknownPlatforms({ platforms, builders = {} }: PluginOptions): void {
  const fault = platforms && platformsFault(platforms);
  if (fault !== undefined) {
    throw new Error(
      `nx.json: option "platforms" of @excel2doc/nx-stages: ${fault}; it takes platforms as "linux/amd64"`,
    );
  }
  for (const platform of Object.keys(builders)) {
    const fault = builderKeyFault(platform);
    if (fault === undefined) continue;
    throw new Error(
      `nx.json: option "builders" of @excel2doc/nx-stages: ${fault}; it takes platforms as "linux/arm64", and "*" for all others`,
    );
  }
}

function layerPlaceOf(
  store: BlobStoreOption = { kind: 'inline' },
): Pick<ResolvedOptions, 'layerRepository' | 'layersInCache'> {
  const nowhere = { layerRepository: undefined, layersInCache: undefined };
  if (store.kind === 'inline') return nowhere;
  if (store.kind === 'remote-cache') return { ...nowhere, layersInCache: true };
  if (store.kind === 'registry' && store.repository)
    return { ...nowhere, layerRepository: store.repository };
  throw new Error(
    `nx.json: blobStore of @excel2doc/nx-stages is ${JSON.stringify(store)}; it takes { "kind": "inline" }, { "kind": "remote-cache" } or { "kind": "registry", "repository": "HOST/NAME" }`,
  );
}
