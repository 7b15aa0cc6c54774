/** What nx.json may set for the plugin. Everything has a default. */
export interface PluginOptions {
  /** Name of the image that a project builds; `{projectName}` stands for the project's name. */
  imageName?: string;
  /** The lock of base images, relative to the workspace. */
  lockFile?: string;
  /** Platforms to build for, e.g. `linux/arm64`. Default: the one of this machine. */
  platforms?: string[];
  /** Where `docker-push` pushes to: `registry.example.com/team`; the image's name is put behind it. */
  registry?: string;
}

export interface ResolvedOptions {
  imageName: string;
  lockFile: string;
  platforms: string[] | undefined;
  registry: string | undefined;
}

const known = ['imageName', 'lockFile', 'platforms', 'registry'];

/**
 * The options with their defaults.
 *
 * @throws Error naming an option that does not exist: a misspelt one would be ignored in silence.
 */
export function resolveOptions(options: PluginOptions = {}): ResolvedOptions {
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown) {
    throw new Error(
      `nx.json: @excel2doc/nx-stages has no option "${unknown}"; it has ${known.join(', ')}`,
    );
  }
  return {
    imageName: options.imageName ?? '{projectName}',
    lockFile: options.lockFile ?? 'docker/images.lock.json',
    platforms: options.platforms,
    registry: options.registry,
  };
}
