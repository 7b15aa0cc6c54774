import type { Readable, Writable } from 'node:stream';
import { type Builder, type BuildResult, build } from './build/build';
import { type BuilderPlatforms, builderPlatforms } from './build/builder-platforms';
import type { BuildOptions } from './build/options';
import { type Afterwards, runAfterwards } from './client/afterwards';
import { answerOf } from './client/answer';
import { type ChildOptions, type ChildResult, type Client, runChild } from './client/child';
import { removeContainers } from './client/remove-containers';
import { Compose, type ComposeClient } from './compose/compose';
import type { ComposeProject } from './compose/project';
import type { EngineDescription } from './client/description';
import { EngineError } from './client/error';
import { failureOf } from './client/failure';
import {
  type ImageInfo,
  type ImageListing,
  idsByName,
  parseImage,
  parseListing,
  parseLoaded,
} from './image/image';
import { type LayoutImage, loadLayout, saveLayout } from './image/layout';
import { type RunOptions, runArguments } from './client/run';
import { isOfThisMachine, socketOf, systemHost } from './store/endpoint';
import type { ImageStore } from './store/image-store';
import { SocketStore } from './store/socket-store';

/** Whoever is asked to build says for itself that it does not answer. */
const INSPECT_MS = 5_000;

/** An engine that answered, with the calls that it takes. */
export class Engine implements EngineDescription, ImageStore, Builder, ComposeClient, Client {
  readonly kind: EngineDescription['kind'];
  readonly docker: string;
  readonly buildxPath: string;
  readonly composePath: string;
  readonly env: Record<string, string>;
  readonly serverVersion: string;
  readonly buildxVersion: string;
  readonly composeVersion: string;
  readonly store: EngineDescription['store'];
  readonly platform: string;
  readonly id: string | undefined;
  readonly manifestFormat: ImageStore['manifestFormat'] = 'oci';
  readonly #processEnv: NodeJS.ProcessEnv;
  #socket: Promise<SocketStore | undefined> | undefined;

  constructor(description: EngineDescription, processEnv: NodeJS.ProcessEnv = process.env) {
    this.#processEnv = processEnv;
    this.kind = description.kind;
    this.docker = description.docker;
    this.buildxPath = description.buildxPath;
    this.composePath = description.composePath;
    this.env = description.env;
    this.serverVersion = description.serverVersion;
    this.buildxVersion = description.buildxVersion;
    this.composeVersion = description.composeVersion;
    this.store = description.store;
    this.platform = description.platform;
    this.id = description.id;
  }

  /** 'Docker 26.1.5', 'Podman 4.3.1' */
  get title(): string {
    return `${this.kind === 'podman' ? 'Podman' : 'Docker'} ${this.serverVersion}`;
  }

  /** Whether what its containers mount by a path lies on this machine. */
  async isOfThisMachine(): Promise<boolean> {
    const env = this.childEnv;
    return isOfThisMachine(this.kind === 'podman' ? env['CONTAINER_HOST'] : await systemHost(env));
  }

  /** @see BuildOptions */
  build(options: BuildOptions): Promise<BuildResult> {
    return build(this, options);
  }

  /**
   * What a builder says that it builds for, nothing started for it; undefined where it does not say so
   * soon.
   *
   * @param name of `docker buildx create`; the one in use if left out
   */
  async builderPlatforms(name?: string): Promise<BuilderPlatforms | undefined> {
    const args = ['inspect', ...(name === undefined ? [] : [name])];
    try {
      const { stdout } = await this.buildxCommand(args, { timeoutMs: INSPECT_MS });
      return builderPlatforms(stdout);
    } catch (error) {
      if (error instanceof EngineError && error.code !== 'CANCELLED') return undefined;
      throw error;
    }
  }

  /**
   * Loads a tar as `docker save` writes it; thin ones (only the layers that the engine lacks) too.
   *
   * @returns the tags, or ids of untagged images, that were loaded
   * @throws EngineError `LAYERS_MISSING` when a thin one lacks more than the engine has
   */
  async loadImage(
    tar: Readable,
    options: { signal?: AbortSignal } = {},
  ): Promise<{ loaded: string[] }> {
    const { stdout } = await this.command(['image', 'load'], { ...options, input: tar });
    return { loaded: parseLoaded(stdout) };
  }

  /**
   * Loads an image of an OCI layout folder as `tag`.
   *
   * @throws EngineError `LAYERS_MISSING` when the layout lacks more than the engine has
   */
  loadLayout(image: LayoutImage, tag: string): Promise<void> {
    return loadLayout(this, image, tag);
  }

  /** Writes `docker save`'s tar of `reference` to `sink`. */
  async saveImage(
    reference: string,
    sink: Writable,
    options: { signal?: AbortSignal } = {},
  ): Promise<void> {
    await this.command(['image', 'save', reference], { ...options, sink });
  }

  /** Writes an image as an OCI layout folder. */
  saveLayout(reference: string, dir: string): Promise<void> {
    return saveLayout(this, reference, dir);
  }

  /** Null when the engine has no such image. */
  async inspectImage(reference: string): Promise<ImageInfo | null> {
    const socket = await this.socket();
    if (socket) return socket.inspectImage(reference);
    const args = ['image', 'inspect', reference];
    try {
      const { stdout } = await this.command(args);
      const [image] = JSON.parse(stdout) as unknown[];
      return image ? parseImage(image) : null;
    } catch (error) {
      if (error instanceof EngineError && /no such image|image not known/i.test(error.stderr))
        return null;
      throw error;
    }
  }

  async tag(source: string, target: string): Promise<void> {
    await this.command(['image', 'tag', source, target]);
  }

  async pull(
    reference: string,
    options: { platform?: string; signal?: AbortSignal } = {},
  ): Promise<void> {
    const { platform, signal } = options;
    const args = [
      'image',
      'pull',
      '--quiet',
      ...(platform ? ['--platform', platform] : []),
      reference,
    ];
    await this.command(args, signal ? { signal } : {});
  }

  /** False when there was none. */
  async removeImage(reference: string): Promise<boolean> {
    if ((await this.inspectImage(reference)) === null) return false;
    await this.command(['image', 'rm', '--force', reference]);
    return true;
  }

  /** @param filters as `docker image ls --filter` takes them: 'label=…', 'reference=excel2doc/*' */
  async listImages(filters: string[] = []): Promise<ImageListing[]> {
    const args = ['image', 'ls', '--no-trunc', '--format', '{{json .}}'];
    const { stdout } = await this.command([
      ...args,
      ...filters.flatMap((each) => ['--filter', each]),
    ]);
    return stdout.split('\n').filter(Boolean).map(parseListing);
  }

  async imageIds(names: readonly string[]): Promise<Map<string, string>> {
    const socket = await this.socket();
    if (socket) return socket.imageIds(names);
    const listed = await this.listImages(names.map((name) => `reference=${name}`));
    return idsByName(
      names,
      listed.map(({ id, repository, tag }) => [`${repository}:${tag}`, id]),
    );
  }

  async idsIn(repository: string): Promise<string[]> {
    const listed = await this.listImages([`reference=${repository}`]);
    return [...new Set(listed.map(({ id }) => id))];
  }

  async unnamedIds(): Promise<string[]> {
    const socket = await this.socket();
    if (socket) return socket.unnamedIds();
    return (await this.listImages(['dangling=true'])).map(({ id }) => id);
  }

  /**
   * Containers as the engine describes them, ended ones too.
   *
   * @param label `name=value`
   */
  async containers(label: string): Promise<unknown[]> {
    const socket = await this.socket();
    if (socket) return socket.containers(label);
    const args = ['ps', '--all', '--quiet', '--no-trunc', '--filter', `label=${label}`];
    const { stdout } = await this.command(args);
    return this.inspectContainers(stdout.split('\n').filter(Boolean));
  }

  /** Those of `names` that are there. */
  async inspectContainers(names: readonly string[]): Promise<unknown[]> {
    if (names.length === 0) return [];
    const socket = await this.socket();
    if (socket) return socket.inspectContainers(names);
    // Status 1 when one of them went meanwhile; the others are printed all the same.
    const { stdout } = await this.command(['container', 'inspect', ...names], {
      allowFailure: true,
    });
    return JSON.parse(stdout || '[]') as unknown[];
  }

  /** Runs a container to its end and removes it. A status other than 0 is in the result. */
  run(options: RunOptions): Promise<ChildResult> {
    const { isQuestion, entrypoint, command = [] } = options;
    if (!isQuestion) return this.runOnce(options);
    // What the image would run is not known here.
    if (entrypoint === undefined) throw new TypeError('A question has an entrypoint');
    return answerOf([entrypoint, ...command], ([program = '', ...args]) =>
      this.runOnce({ ...options, entrypoint: program, command: args }),
    );
  }

  private async runOnce(options: RunOptions): Promise<ChildResult> {
    const result = await this.command(runArguments(options), { allowFailure: true, ...options });
    // 125 is the client's own failure, unless the program ended with it.
    if (result.exitCode === 125 && /^(docker|Error): /m.test(result.stderr)) {
      throw failureOf('docker run', result);
    }
    return result;
  }

  /** The services of one Compose project. */
  compose(project: ComposeProject): Compose {
    return new Compose(this, project);
  }

  /**
   * The index or manifest that the registry has for `reference`, as bytes; nothing is pulled.
   *
   * @throws EngineError `REGISTRY_UNREACHABLE`, `DNS_FAILURE`, `IMAGE_NOT_FOUND`, or
   *   `TIMED_OUT`
   */
  async inspectRemote(reference: string, options: { timeoutMs: number }): Promise<string> {
    const { stdout } = await this.buildxCommand(
      ['imagetools', 'inspect', '--raw', reference],
      options,
    );
    return stdout;
  }

  /** Any other call of the `docker` client: `command(['stats', '--no-stream'], { output: 'show' })`. */
  command(args: string[], options: ChildOptions = {}): Promise<ChildResult> {
    return this.client(`docker ${args.slice(0, 2).join(' ')}`, args, options);
  }

  protected client(what: string, args: string[], options: ChildOptions): Promise<ChildResult> {
    return runChild(what, this.docker, args, this.withEnv(options));
  }

  buildxCommand(args: string[], options: ChildOptions = {}): Promise<ChildResult> {
    const [program, ...rest] = this.plugin('buildx', args);
    return runChild(`docker buildx ${args[0]}`, program, rest, this.withEnv(options));
  }

  composeCommand(args: string[], what: string, options: ChildOptions = {}): Promise<ChildResult> {
    const [program, ...rest] = this.plugin('compose', args);
    return runChild(`docker compose ${what}`, program, rest, this.withEnv(options));
  }

  /**
   * Stops the containers of a label and removes them when this process is gone, or when its `run` is
   * called.
   *
   * @param options `keep` leaves them there, stopped
   */
  removeAfterwards(
    label: string,
    options: { graceS: number; keep?: boolean },
  ): Promise<Afterwards> {
    const [program, ...args] = removeContainers(this.docker, label, options);
    return runAfterwards(program, args, this.childEnv);
  }

  /**
   * Where questions are answered in a millisecond instead of fifty; undefined where only the client
   * reaches the engine, or where it is another one that answers there.
   */
  protected socket(): Promise<SocketStore | undefined> {
    return (this.#socket ??= this.openSocket());
  }

  private async openSocket(): Promise<SocketStore | undefined> {
    if (this.id === undefined) return undefined;
    const host = this.env['DOCKER_HOST'] ?? (await systemHost(this.childEnv));
    const path = host === undefined ? undefined : socketOf(host);
    const store = path === undefined ? undefined : await SocketStore.open(path);
    return store?.id === this.id ? store : undefined;
  }

  /** `composeCommand` when this process is gone, or when its `run` is called. */
  composeAfterwards(args: string[], variables: Record<string, string>): Promise<Afterwards> {
    const [program, ...rest] = this.plugin('compose', args);
    return runAfterwards(program, rest, { ...this.childEnv, ...variables });
  }

  /**
   * The command that runs a plugin: its program, which spares a process; the client, where the
   * environment asks for TLS, which a plugin that is started by itself does not read.
   */
  private plugin(name: 'buildx' | 'compose', args: string[]): [string, ...string[]] {
    const env = this.childEnv;
    if (env['DOCKER_TLS_VERIFY'] || env['DOCKER_TLS']) return [this.docker, name, ...args];
    return [name === 'buildx' ? this.buildxPath : this.composePath, ...args];
  }

  private withEnv(options: ChildOptions): ChildOptions & { baseEnv: NodeJS.ProcessEnv } {
    return { ...options, baseEnv: this.childEnv };
  }

  private get childEnv(): NodeJS.ProcessEnv {
    return { ...this.#processEnv, ...this.env };
  }
}
