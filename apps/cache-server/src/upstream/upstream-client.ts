import { Readable } from 'node:stream';
import { Agent, request, type Dispatcher } from 'undici';
import { outcomeHeader } from '../entry-key';
import { CacheError } from '../error';
import { hasZstd, type Packing } from '../archive/packing';
import { isSignature, signatureHeader } from '../signing/signature';
import { offersZstd, packingOf, zstdAsked, zstdBody } from '../transfer/coding';
import { repacked } from '../transfer/repacked';
import type { RunReport } from '../run-report';
import type { Spool, SpoolRules } from '../upload/spool';
import type { Spooled } from '../upload/spooled';

const maxResumes = 3;
/** Of less than this, what zstd saves is not worth a thought. */
const minZstdBytes = 16 * 1024;
/** Of an upload to another server than ours, this much is read back. */
const comparedBytes = 64 * 1024;

export interface UpstreamOptions {
  /** The server's address, such as https://cache.example.org */
  url: string;
  /** Asked before each call: a CI identity token lives for minutes only. */
  token: () => Promise<string | null>;
  /** Until the first byte of an answer. */
  answerMs: number;
  /** Until a whole transfer ends. */
  transferMs: number;
}

/** An entry that was brought here, with the signature that the upstream has for it. */
/** What is sent, and how it lies here. */
export interface Upload {
  sizeBytes: number;
  packing?: Packing | undefined;
  signature?: string | undefined;
}

export type Downloaded = Spooled & { signature: string | undefined };

/** Another cache server that speaks Nx's protocol. Every call ends in time, one way or the other. */
export class UpstreamClient {
  readonly #agent: Agent;
  readonly #base: string;
  /** Whether the upstream has said that it takes zstd: one that does not know it would refuse it for good. */
  #takesZstd = false;
  /** Whether it has refused one all the same; it is not asked again. */
  #refusesZstd = false;

  constructor(readonly options: UpstreamOptions) {
    this.#base = options.url.replace(/\/+$/, '');
    this.#agent = new Agent({ connect: { timeout: options.answerMs }, connections: 16 });
  }

  /**
   * Brings an entry whole into `spool`, or null for a miss. What is cut off, refused by the archive
   * guard, or not of the digest that the server gave for it, is a failure.
   *
   * @throws CacheError `UPSTREAM_FAILED`, `ARCHIVE_REFUSED`, or `DISK_FULL` when it is our own disk
   */
  async download(hash: string, spool: Spool, rules: SpoolRules): Promise<Downloaded | null> {
    return this.#call(`GET of ${hash}`, async (signal) => {
      const headers = zstdAsked;
      const response = await this.#request('GET', `/v1/cache/${hash}`, { signal, headers });
      if (response.statusCode !== 200) {
        await response.body.dump();
        if (response.statusCode === 404) return null;
        throw unexpected(response.statusCode);
      }
      const packing = packingOf(response.headers);
      if (packing === null) {
        await response.body.dump();
        throw new Error(`answered in a coding that was not asked for: ${String(response.headers['content-encoding'])}`); // prettier-ignore
      }
      const body = Readable.from(this.#resuming(hash, response, signal));
      const spooled = await spool.receive(body, { ...rules, packing, digestReceived: true });
      const digest = response.headers['x-content-sha256'];
      const given = String(response.headers[signatureHeader] ?? '');
      const signature = isSignature(given) ? given : undefined;
      if (digest === undefined || digest === spooled.receivedSha256)
        return { ...spooled, signature };
      await spooled.discard();
      throw new Error(`answered with another content than its digest ${String(digest)}`);
    });
  }

  /**
   * Whether it has an entry. One that knows no HEAD has none.
   *
   * @throws CacheError `UPSTREAM_FAILED`, `TOKEN_DEAD`
   */
  async has(hash: string): Promise<boolean> {
    return this.#call(`HEAD of ${hash}`, async (signal) => {
      const { statusCode, body } = await this.#request('HEAD', `/v1/cache/${hash}`, { signal });
      await body.dump();
      if (statusCode === 401) throw unexpected(statusCode);
      return statusCode === 200;
    });
  }

  /** The body; where a connection breaks in the middle of it, the rest of the same content follows. */
  async *#resuming(
    hash: string,
    first: Dispatcher.ResponseData,
    signal: AbortSignal,
  ): AsyncIterable<Buffer> {
    const { etag } = first.headers;
    let bytes = 0;
    let { body } = first;
    for (let tries = 0; ; tries += 1) {
      try {
        for await (const chunk of body as AsyncIterable<Buffer>) {
          bytes += chunk.length;
          yield chunk;
        }
        return;
      } catch (error) {
        if (typeof etag !== 'string' || tries >= maxResumes || signal.aborted) throw error;
        const headers = { ...zstdAsked, range: `bytes=${bytes}-`, 'if-range': etag };
        const rest = await this.#request('GET', `/v1/cache/${hash}`, { signal, headers });
        const wanted = `bytes ${bytes}-`;
        const isRest = String(rest.headers['content-range']).startsWith(wanted);
        if (rest.statusCode !== 206 || rest.headers.etag !== etag || !isRest) {
          await rest.body.dump();
          throw error;
        }
        body = rest.body;
      }
    }
  }

  /**
   * Sends a file. 'refused' is for good: sending it again would be no use.
   *
   * @throws CacheError `UPSTREAM_FAILED`
   */
  async upload(
    hash: string,
    body: () => Readable,
    upload: Upload,
  ): Promise<'stored' | 'exists' | 'refused'> {
    return this.#call(`PUT of ${hash}`, async (signal) => {
      const response = await this.#put(hash, body, upload, signal);
      const { statusCode } = response;
      if (statusCode === 200 && response.headers[outcomeHeader] === 'stored') return 'stored';
      // Another server than ours says no more than 200, and so does a portal that stores nothing.
      if (statusCode === 200 && (await this.#holds(hash, body, upload.sizeBytes, signal)))
        return 'stored';
      if (statusCode === 409) return 'exists';
      if ([400, 403, 413].includes(statusCode)) return 'refused';
      throw statusCode === 200
        ? new Error('answered 200 without having stored anything')
        : unexpected(statusCode);
    });
  }

  /** Sends it as zstd where that is taken, and else as gzip. */
  async #put(
    hash: string,
    body: () => Readable,
    { sizeBytes, packing = 'gzip', signature }: Upload,
    signal: AbortSignal,
  ): Promise<Dispatcher.ResponseData> {
    const isTaken = this.#takesZstd && !this.#refusesZstd;
    const isZstd = isTaken && (packing === 'zstd' || sizeBytes >= minZstdBytes);
    const wanted = isZstd ? 'zstd' : 'gzip';
    const headers = {
      ...(isZstd ? zstdBody : { 'content-type': 'application/octet-stream' }),
      // Packed anew, its length is known once it is sent.
      ...(wanted === packing ? { 'content-length': String(sizeBytes) } : {}),
      ...(signature === undefined ? {} : { [signatureHeader]: signature }),
    };
    const response = await this.#request('PUT', `/v1/cache/${hash}`, {
      signal,
      headers,
      body: repacked(body(), packing, wanted),
      answerMs: this.options.transferMs,
    });
    await response.body.dump();
    if (response.statusCode !== 415 || !isZstd) return response;
    // It may write archives otherwise than we do; as gzip it takes any that it can read.
    this.#refusesZstd = true;
    return this.#put(hash, body, { sizeBytes, packing, signature }, signal);
  }

  /** Whether the upstream gives back what was sent: as long, and the same in its first bytes. */
  async #holds(
    hash: string,
    sent: () => Readable,
    sizeBytes: number,
    signal: AbortSignal,
  ): Promise<boolean> {
    const response = await this.#request('GET', `/v1/cache/${hash}`, { signal });
    const length = response.headers['content-length'];
    if (response.statusCode !== 200 || (length !== undefined && Number(length) !== sizeBytes)) {
      await response.body.dump();
      return false;
    }
    const wanted = Math.min(sizeBytes, comparedBytes);
    const [given, own] = [
      await firstBytes(response.body, wanted),
      await firstBytes(sent(), wanted),
    ];
    return given.length === wanted && given.equals(own);
  }

  /** Tells which tasks the uploads of a run were of. Other servers than ours answer 404, which is fine. */
  async report(run: RunReport): Promise<void> {
    await this.#call('report of the run', async (signal) => {
      const headers = { 'content-type': 'application/json' };
      const response = await this.#request('POST', '/v1/runs', {
        signal,
        headers,
        body: JSON.stringify(run),
      });
      await response.body.dump();
    });
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async #call<T>(what: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const signal = AbortSignal.timeout(this.options.transferMs);
    try {
      return await work(signal);
    } catch (error) {
      if (error instanceof CacheError && error.code === 'DISK_FULL') throw error;
      if (error instanceof CacheError && error.code === 'TOKEN_DEAD')
        throw new CacheError(error.code, { message: `${this.#base}: ${error.message}` });
      if (error instanceof CacheError && error.code === 'ARCHIVE_REFUSED') {
        throw new CacheError(error.code, { message: `${this.#base}: ${what}: ${error.message}` });
      }
      const reason = signal.aborted ? `took over ${this.options.transferMs} ms` : reasonOf(error);
      throw new CacheError('UPSTREAM_FAILED', {
        message: `${this.#base}: ${what} ${reason}`,
        cause: error,
      });
    }
  }

  async #request(
    method: Dispatcher.HttpMethod,
    path: string,
    {
      answerMs = this.options.answerMs,
      ...options
    }: { signal: AbortSignal; headers?: object; body?: Readable | string; answerMs?: number },
  ): Promise<Dispatcher.ResponseData> {
    const token = await this.options.token();
    const response = await request(this.#base + path, {
      method,
      dispatcher: this.#agent,
      headersTimeout: answerMs,
      bodyTimeout: this.options.answerMs,
      signal: options.signal,
      ...(options.body === undefined ? {} : { body: options.body }),
      headers: {
        ...options.headers,
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      },
    });
    if (hasZstd && offersZstd(response.headers)) this.#takesZstd = true;
    return response;
  }
}

async function firstBytes(body: Readable, bytes: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    parts.push(chunk);
    length += chunk.length;
    // Leaving the loop ends the stream.
    if (length >= bytes) break;
  }
  return Buffer.concat(parts).subarray(0, bytes);
}

function unexpected(statusCode: number): Error {
  if (statusCode !== 401) return new Error(`answered ${statusCode}`);
  return new CacheError('TOKEN_DEAD', { message: 'does not know our token (answered 401)' });
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = (error as NodeJS.ErrnoException).code;
  return error.message || code || error.name;
}
