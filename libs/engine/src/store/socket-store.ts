import type { Readable } from 'node:stream';
import { parseReference } from '@excel2doc/oci';
import { type DockerInfo, engineFacts, isPodmans } from '../client/description';
import { failureOf } from '../client/failure';
import { type Call, call } from '../client/socket';
import { type ImageInfo, parseImage } from '../image/image';
import type { ImageStore } from './image-store';

/**
 * The images and containers of the engine behind a Unix socket, by its HTTP API: a call takes a millisecond, where
 * each start of the `docker` client takes fifty.
 *
 * @see Docker Engine API v1.44, Image and Container
 */
export class SocketStore implements ImageStore {
  readonly manifestFormat = 'oci';

  private constructor(
    private readonly socketPath: string,
    readonly platform: string,
    readonly store: ImageStore['store'],
    readonly id: string | undefined,
  ) {}

  /**
   * Undefined when no Docker answers there.
   *
   * @throws EngineError `ENGINE_TOO_OLD`, `NO_LINUX_CONTAINERS`
   */
  static async open(socketPath: string): Promise<SocketStore | undefined> {
    const options = { socketPath, method: 'GET', path: '/info' } as const;
    const info = await call<DockerInfo>(options).catch(() => undefined);
    if (!info?.ServerVersion || isPodmans(info)) return undefined;
    const { platform, store } = engineFacts(info);
    return new SocketStore(socketPath, platform, store, info.ID);
  }

  async imageIds(names: readonly string[]): Promise<Map<string, string>> {
    // Each by itself: a list, though filtered, costs as much as all images that the engine has.
    const found = await Promise.all(names.map((name) => this.inspectImage(name)));
    return new Map(names.flatMap((name, at) => (found[at] ? [[name, found[at].id]] : [])));
  }

  async idsIn(repository: string): Promise<string[]> {
    return this.listed({ reference: [repository] });
  }

  async unnamedIds(): Promise<string[]> {
    return this.listed({ dangling: ['true'] });
  }

  /** The ids of images, the latest first. */
  private async listed(filters: Record<string, string[]>): Promise<string[]> {
    const query = new URLSearchParams({ filters: JSON.stringify(filters) });
    const images = await this.call<{ Id: string; Created: number }[]>({
      method: 'GET',
      path: `/images/json?${query}`,
    });
    return images.sort((a, b) => b.Created - a.Created).map(({ Id: id }) => id);
  }

  async inspectImage(reference: string): Promise<ImageInfo | null> {
    const path = `/images/${encodeURIComponent(reference)}/json`;
    const image = await this.call<unknown>({ method: 'GET', path, accept: [200, 404] });
    return 'Id' in (image as object) ? parseImage(image) : null;
  }

  async loadImage(tar: Readable): Promise<void> {
    // The status is 200 before the archive is read: what goes wrong is said in the stream.
    const said = await this.call<{ error?: string }[]>({
      method: 'POST',
      path: '/images/load?quiet=1',
      body: tar,
    });
    const failed = said.find(({ error }) => error !== undefined);
    if (failed?.error) throw failureOf('docker load', { exitCode: 1, stderr: failed.error });
  }

  async tag(source: string, target: string): Promise<void> {
    const { registry, repository, tag = 'latest' } = parseReference(target);
    const name = registry === 'docker.io' ? repository : `${registry}/${repository}`;
    const query = new URLSearchParams({ repo: name, tag });
    await this.call({ method: 'POST', path: `/images/${source}/tag?${query}`, accept: [201] });
  }

  /** Containers as the engine describes them, ended ones too: those with a label, `name=value`. */
  async containers(label: string): Promise<unknown[]> {
    const query = new URLSearchParams({ all: '1', filters: JSON.stringify({ label: [label] }) });
    const listed = await this.call<{ Id: string }[]>({
      method: 'GET',
      path: `/containers/json?${query}`,
    });
    return this.inspectContainers(listed.map(({ Id: id }) => id));
  }

  /** Those of `names` that are there, in their order. */
  async inspectContainers(names: readonly string[]): Promise<unknown[]> {
    const found = await Promise.all(
      names.map((name) =>
        this.call<{ Id?: string }>({
          method: 'GET',
          path: `/containers/${encodeURIComponent(name)}/json`,
          accept: [200, 404],
        }),
      ),
    );
    return found.filter(({ Id: id }) => id !== undefined);
  }

  private call<T>(options: Omit<Call, 'socketPath'>): Promise<T> {
    return call<T>({ ...options, socketPath: this.socketPath });
  }
}
