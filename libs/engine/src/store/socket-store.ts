import { type IncomingMessage, request } from 'node:http';
import type { Readable } from 'node:stream';
import { parseReference } from '@excel2doc/oci';
import { type DockerInfo, engineFacts, isPodmans } from '../client/description';
import { EngineError } from '../client/error';
import { failureOf } from '../client/failure';
import { type ImageInfo, parseImage } from '../image/image';
import type { ImageStore } from './image-store';

/**
 * The images of the engine behind a Unix socket, by its HTTP API: a call takes a millisecond, where
 * each start of the `docker` client takes fifty.
 *
 * @see Docker Engine API v1.44, Image
 */
export class SocketStore implements ImageStore {
  readonly manifestFormat = 'oci';

  private constructor(
    private readonly socketPath: string,
    readonly platform: string,
    readonly store: ImageStore['store'],
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
    return new SocketStore(socketPath, platform, store);
  }

  async imageIds(names: readonly string[]): Promise<Map<string, string>> {
    // Each by itself: a list, though filtered, costs as much as all images that the engine has.
    const found = await Promise.all(names.map((name) => this.inspectImage(name)));
    return new Map(names.flatMap((name, at) => (found[at] ? [[name, found[at].id]] : [])));
  }

  async idsIn(repository: string): Promise<string[]> {
    const filters = new URLSearchParams({ filters: JSON.stringify({ reference: [repository] }) });
    const images = await this.call<{ Id: string; Created: number }[]>({
      method: 'GET',
      path: `/images/json?${filters}`,
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

  private call<T>(options: Omit<Call, 'socketPath'>): Promise<T> {
    return call<T>({ ...options, socketPath: this.socketPath });
  }
}

interface Call {
  socketPath: string;
  method: 'GET' | 'POST';
  path: string;
  body?: Readable;
  /** Statuses that are answers; default 200. */
  accept?: number[];
}

/** The answer as JSON; a list, where it is a stream of documents. */
async function call<T>({ socketPath, method, path, body, accept = [200] }: Call): Promise<T> {
  const headers = body ? { 'content-type': 'application/x-tar' } : {};
  const sent = request({ socketPath, method, path, headers });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    sent.once('response', resolve);
    // Stays for what comes after the answer: an engine that refuses an archive does not read it all.
    sent.on('error', reject);
  });
  if (body) body.once('error', (error) => sent.destroy(error)).pipe(sent);
  else sent.end();
  const response = await answered.catch((cause: Error) => {
    // What broke the archive off has a code of its own, and is the caller's.
    throw 'syscall' in cause || cause.message === 'socket hang up' ? gone(cause) : cause;
  });
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += chunk;
  if (!accept.includes(response.statusCode ?? 0)) {
    const { message = text } = parse<{ message?: string }>(text, {});
    throw failureOf(`${method} ${path}`, { exitCode: 1, stderr: message });
  }
  return documents(text, body !== undefined) as T;
}

/** Docker streams progress as one JSON document a line. */
function documents(text: string, isStream: boolean): unknown {
  if (!isStream) return text === '' ? undefined : JSON.parse(text);
  return text.split('\n').flatMap((line) => (line.trim() === '' ? [] : [parse(line, {})]));
}

function parse<T>(text: string, otherwise: T): T {
  try {
    return JSON.parse(text) as T;
  } catch {
    return otherwise;
  }
}

function gone(cause: Error): EngineError {
  return new EngineError('DAEMON_GONE', {
    message: 'The container engine stopped answering',
    hint: 'Start it again, then run this again',
    cause,
  });
}
