import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Agent, Dispatcher, request } from 'undici';
import type { BlobSource } from '../blob/source';
import { piped } from '../blob/piped';
import { missing, verifying } from '../blob/verify';
import type { Digest } from '../digest';
import { OciError } from '../error';
import { entryNameOf, packEntry, unpackNamed } from './layer-entry';

export interface RemoteCacheOptions {
  /** The server that Nx is given: `NX_SELF_HOSTED_REMOTE_CACHE_SERVER`. */
  server: string;
  token?: string;
  /** Until an answer comes, between two pieces of it, and while nothing more is taken. */
  timeoutMs?: number;
}

/** Of a layer as a whole; that nothing moves is seen much earlier. */
const LONGEST_UPLOAD_MS = 3_600_000;
/** How many times longer an answer may take once all is sent. */
const AT_THE_END = 6;

/**
 * Layers as entries of the remote cache that Nx uses, each by its digest: one that does not change is
 * there already. Who may read and write what is the server's affair, as for all entries; what is read
 * is checked against its digest, so that it does not matter who wrote it.
 *
 * @see Nx documentation, "Build your own caching server", its OpenAPI specification
 */
export class RemoteCache implements BlobSource {
  readonly name = 'the remote cache';
  readonly remote = true;
  private readonly base: string;
  private readonly timeoutMs: number;
  private opened: Promise<{ request: typeof request; dispatcher: Agent }> | undefined;

  constructor(private readonly options: RemoteCacheOptions) {
    this.base = options.server.replace(/\/+$/, '');
    this.timeoutMs = options.timeoutMs ?? 60_000;
  }

  /** Ends what is still under way: an answer that nobody reads any more would be waited for. */
  async close(): Promise<void> {
    await (await this.opened)?.dispatcher.destroy();
  }

  /** Whether it has the layer. A server that does not answer HEAD has none. */
  async has(digest: Digest): Promise<boolean> {
    const { body, statusCode } = await this.call('HEAD', digest);
    await body.dump();
    return statusCode === 200;
  }

  /** @throws OciError `REMOTE_CACHE`, and what `unpackEntry` says */
  async open(digest: Digest): Promise<Readable> {
    return piped(await this.openNamed(digest), verifying(digest, this.name));
  }

  /**
   * What was put under a name that is made as a digest is, and is not the content's: only who may write
   * there answers for it. @see nameOf
   *
   * @throws OciError `REMOTE_CACHE`, and what `unpackNamed` says
   */
  async openNamed(digest: Digest): Promise<Readable> {
    const { body, statusCode } = await this.call('GET', digest);
    if (statusCode === 200) return unpackNamed(digest, body, this.name);
    await body.dump();
    if (statusCode === 404) throw missing(digest, this.name);
    throw refused(`answered ${statusCode} for ${digest}`, statusCode);
  }

  /**
   * @returns whether the server had it already; what it then has is whatever came first
   * @throws OciError `REMOTE_CACHE` where it takes nothing
   */
  async put(digest: Digest, sizeBytes: number, content: Readable): Promise<'stored' | 'exists'> {
    // Nx's protocol wants the length before the content.
    const folder = await mkdtemp(join(tmpdir(), 'excel2doc-layer-'));
    const file = join(folder, 'entry');
    try {
      await pipeline(packEntry(digest, sizeBytes, content), createWriteStream(file));
      const { body, statusCode } = await this.send(digest, file);
      await body.dump();
      if (statusCode === 200) return 'stored';
      if (statusCode === 409) return 'exists';
      throw refused(`took no layer (answered ${statusCode})`, statusCode);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** The wait for an answer runs while a body is sent, which may take long: so it is the stall that ends it. */
  private async send(digest: Digest, file: string): Promise<Dispatcher.ResponseData> {
    const stalled = new AbortController();
    const within = (ms: number) =>
      setTimeout(() => stalled.abort(new Error(`nothing moved for ${ms / 1000} s`)), ms);
    let timer = within(this.timeoutMs);
    const restart = (ms: number) => {
      clearTimeout(timer);
      timer = within(ms);
    };
    const { timeoutMs } = this;
    async function* moving() {
      for await (const chunk of createReadStream(file)) {
        restart(timeoutMs);
        yield chunk as Buffer;
      }
      // What is on the way, and the server's own work.
      restart(AT_THE_END * timeoutMs);
    }
    try {
      return await this.call('PUT', digest, {
        body: Readable.from(moving(), { objectMode: false }),
        headersTimeout: LONGEST_UPLOAD_MS,
        signal: stalled.signal,
        headers: {
          'content-length': String((await stat(file)).size),
          'content-type': 'application/octet-stream',
        },
      });
    } finally {
      clearTimeout(timer);
    }
  }

  private async call(
    method: 'GET' | 'HEAD' | 'PUT',
    digest: Digest,
    { headers = {}, ...options }: RequestOptions = {},
  ): Promise<Dispatcher.ResponseData> {
    const { token } = this.options;
    const { request, dispatcher } = await this.client();
    try {
      return await request(`${this.base}/v1/cache/${entryNameOf(digest)}`, {
        ...options,
        method,
        dispatcher,
        headers: { ...headers, ...(token && { authorization: `Bearer ${token}` }) },
      });
    } catch (cause) {
      options.body?.destroy();
      const reason = cause instanceof Error ? cause.message || cause.name : String(cause);
      throw refused(`does not answer (${reason})`, undefined, cause);
    }
  }

  /** Loaded with the first call: most builds ask for nothing. */
  private client() {
    const timeout = this.timeoutMs;
    return (this.opened ??= import('undici').then(({ Agent, request }) => ({
      request,
      dispatcher: new Agent({ headersTimeout: timeout, bodyTimeout: timeout, connections: 8 }),
    })));
  }
}

interface RequestOptions {
  headers?: Record<string, string>;
  body?: Readable;
  headersTimeout?: number;
  signal?: AbortSignal;
}

function refused(what: string, status?: number, cause?: unknown): OciError {
  return new OciError('REMOTE_CACHE', {
    message: `the remote cache ${what}`,
    ...(status !== undefined && { status }),
    ...(cause !== undefined && { cause }),
  });
}
