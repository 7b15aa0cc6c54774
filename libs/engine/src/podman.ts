import type { Writable } from 'node:stream';
import type { BuildResult } from './build/build';
import type { BuildOptions } from './build/options';
import type { Afterwards } from './client/afterwards';
import type { ChildOptions, ChildResult } from './client/child';
import { Engine } from './engine';
import { EngineError } from './client/error';
import { type ImageInfo, type ImageListing, parseListing } from './image/image';
import { type RunStepsOptions, runSteps } from './podman/run-steps';

/** What only Docker does, in one line each. */
function needsDocker(what: string): EngineError {
  return new EngineError('NEEDS_DOCKER', {
    message: `Podman does not do ${what}`,
    hint: 'Start Docker, and set the option engine of @excel2doc/nx-stages in nx.json (or NX_STAGES_ENGINE) to docker or auto',
  });
}

/**
 * Podman, by its own client: it needs neither a service nor a socket. Its client understands
 * Docker's calls for images and containers; it has no BuildKit, but runs the RUN steps of a stage.
 */
export class Podman extends Engine {
  /** Of an image with OCI's own manifest it reads neither HEALTHCHECK nor SHELL. */
  override readonly manifestFormat = 'docker';

  /** Has Podman run the RUN steps of a Dockerfile of one stage. */
  runSteps(options: RunStepsOptions): Promise<void> {
    return runSteps(this, options);
  }

  override build(options: BuildOptions): Promise<BuildResult> {
    const { target } = options;
    return Promise.reject(needsDocker(`a build by BuildKit${target ? ` (${target})` : ''}`));
  }

  override async saveImage(
    reference: string,
    sink: Writable,
    options: { signal?: AbortSignal } = {},
  ): Promise<void> {
    // Left alone it writes Docker's older format, which is no layout.
    const args = ['image', 'save', '--quiet', '--format', 'oci-archive', reference];
    await this.command(args, { ...options, sink });
  }

  override async imageIds(names: readonly string[]): Promise<Map<string, string>> {
    const ids = new Map<string, string>();
    for (const name of names) {
      const image = await this.inspectImage(name);
      if (image) ids.set(name, image.id);
    }
    return ids;
  }

  override async inspectImage(reference: string): Promise<ImageInfo | null> {
    const image = await super.inspectImage(reference);
    return image && { ...image, id: `sha256:${image.id.replace(/^sha256:/, '')}` };
  }

  /** Podman filters images, and then lists every name of each: the others are left out here. */
  override async listImages(filters: string[] = []): Promise<ImageListing[]> {
    const fields = ['ID', 'Repository', 'Tag', 'Size', 'CreatedAt'];
    const format = `{${fields.map((field) => `"${field}":{{json .${field}}}`).join(',')}}`;
    const args = ['image', 'ls', '--no-trunc', '--format', format];
    const { stdout } = await this.command([
      ...args,
      ...filters.flatMap((filter) => ['--filter', filter]),
    ]);
    const names = filters.flatMap((filter) => /^reference=(.+)$/.exec(filter)?.[1] ?? []);
    const rows = stdout.split('\n').filter(Boolean).map(parseListing).map(withoutLocalhost);
    return rows.filter(
      ({ repository, tag }) =>
        names.length === 0 || names.some((name) => isNamed(name, repository, tag)),
    );
  }

  override inspectRemote(): Promise<string> {
    return Promise.reject(needsDocker('questions to a registry about an index'));
  }

  override command(args: string[], options: ChildOptions = {}): Promise<ChildResult> {
    return this.client(`podman ${args.slice(0, 2).join(' ')}`, args, options);
  }

  override buildxCommand(args: string[]): Promise<ChildResult> {
    return Promise.reject(needsDocker(`docker buildx ${args[0]}`));
  }

  override composeCommand(_args: string[], what: string): Promise<ChildResult> {
    return Promise.reject(needsDocker(`docker compose ${what}`));
  }

  override composeAfterwards(): Promise<Afterwards> {
    return Promise.reject(needsDocker('docker compose'));
  }
}

/** `localhost/team/app` is Podman's name for what Docker calls `team/app`. */
function withoutLocalhost(row: ImageListing): ImageListing {
  return { ...row, repository: row.repository.replace(/^localhost\//, '') };
}

/** As `docker image ls --filter reference=`: a glob for the name, and for the tag where it has one. */
function isNamed(pattern: string, repository: string, tag: string): boolean {
  const [, name = pattern, wanted] = /^(.*?)(?::([^/]+))?$/.exec(pattern) ?? [];
  const glob = (text: string) =>
    new RegExp(`^${text.replace(/[.+^${}()|[\]\\]/g, '\\$&').replaceAll('*', '[^/]*')}$`);
  return glob(name).test(repository) && (wanted === undefined || glob(wanted).test(tag));
}
