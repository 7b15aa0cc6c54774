import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Grant } from '../access/grant';
import { hasZstd } from '../archive/packing';
import { CacheError } from '../error';
import { isHash } from '../entry-key';
import { outcomeHeader } from '../entry-key';
import { isSignature, signatureHeader } from '../signing/signature';
import type { EntryRecord } from '../entry/entry-record';
import type { OpenEntry } from '../store/store';
import { grantOf, refuseStranger } from './bearer';
import type { ServerContext } from './context';
import type { Outcome } from './metrics';
import { asksForZstd, packingOf, zstdBody, zstdOffered } from '../transfer/coding';
import { sendBody } from '../transfer/send-body';

type CacheRequest = FastifyRequest<{ Params: { hash: string } }>;

/**
 * Nx's self-hosted cache API. What Nx makes of an answer decides which one is given: a GET knows
 * only 200 and 404, and a PUT only 200, 403 and 409; all else stops the run or fails the task.
 *
 * @see Nx documentation, "Build your own caching server", its OpenAPI specification
 */
export function cacheRoutes(app: FastifyInstance, context: ServerContext): void {
  app.get('/v1/cache/:hash', async (request: CacheRequest, reply) => {
    const grant = await authorize(request, reply, context);
    if (!grant) return reply;
    const { hash } = request.params;
    const entry = isHash(hash)
      ? await orMiss(request, context, () => readAsAsked(request, context, grant, hash))
      : null;
    if (!entry) {
      count(request, context, 'miss', grant);
      void reply.headers(zstdOffered);
      return reply.code(404).type('text/plain').send('no such entry');
    }
    return sendEntry(request, reply, entry, grant, context);
  });

  // Whether an entry is there, and which; it counts as no hit.
  app.head('/v1/cache/:hash', async (request: CacheRequest, reply) => {
    const grant = await authorize(request, reply, context);
    if (!grant) return reply;
    const { hash } = request.params;
    const record = isHash(hash)
      ? await orMiss(request, context, () => context.cache.describe(grant, hash))
      : null;
    if (!record) return reply.code(404).send();
    const { sizeBytes, sha256 } = record;
    void reply.headers({ ...signatureOf(record), ...codingOf(record), ...zstdOffered });
    // How long it would be, written anew as gzip, nobody knows yet.
    if (record.packing !== 'zstd' || asksForZstd(request.headers))
      void reply.headers({ 'content-length': sizeBytes, 'x-content-sha256': sha256, etag: `"${sha256}"` }); // prettier-ignore
    else void reply.removeHeader('content-encoding').type('application/octet-stream');
    return reply.send();
  });

  app.put('/v1/cache/:hash', async (request: CacheRequest, reply) => {
    const grant = await authorize(request, reply, context);
    if (!grant) return reply;
    const { hash } = request.params;
    if (!isHash(hash)) return answer(request, reply, context, 400, 'not a hash', 'refused', grant);
    if (context.isReadOnly())
      return answer(request, reply, context, 403, 'the cache is read-only', 'forbidden', grant);
    if (!grant.writes) {
      return answer(request, reply, context, 403, 'this token may only read', 'forbidden', grant);
    }
    const given = request.headers[signatureHeader];
    const signature = given === undefined ? undefined : String(given);
    if (signature !== undefined && !isSignature(signature))
      return answer(request, reply, context, 400, 'no signature', 'refused', grant);
    const packing = packingOf(request.headers);
    if (packing === null || (packing === 'zstd' && !hasZstd))
      return answer(request, reply, context, 415, 'a coding that is not taken', 'refused', grant);
    try {
      const body = request.body as IncomingMessage;
      const outcome = await context.cache.write(grant, hash, body, { signature, packing });
      if (outcome === 'exists') {
        return answer(request, reply, context, 409, 'the entry exists', 'exists', grant);
      }
      const stored = context.ledger.get({ scope: grant.scope, hash });
      context.metrics.bytes.inc({ direction: 'in' }, stored?.sizeBytes ?? 0);
      return answer(request, reply, context, 200, '', 'stored', grant);
    } catch (error) {
      const [status, outcome] = statusOf(error);
      request.log.warn({ err: error, hash, scope: grant.scope }, 'an upload was not stored');
      if (status === 408) void reply.header('connection', 'close');
      return answer(request, reply, context, status, messageOf(error), outcome, grant);
    }
  });
}

/** As zstd only where it is kept so and asked for so. */
async function readAsAsked(
  { headers }: CacheRequest,
  { cache }: ServerContext,
  grant: Grant,
  hash: string,
): Promise<OpenEntry | null> {
  const entry = await cache.read(grant, hash);
  const isPlain = entry?.record.packing !== 'zstd' || asksForZstd(headers);
  return entry && !isPlain ? cache.asGzip(grant, entry) : entry;
}

async function authorize(
  request: CacheRequest,
  reply: FastifyReply,
  context: ServerContext,
): Promise<Grant | null> {
  const grant = await grantOf(request, context);
  if (grant) return grant;
  count(request, context, 'unauthorized', null);
  await refuseStranger(request, reply);
  return null;
}

/** A store that fails is a miss: an error would stop the run, which can do without the entry. */
async function orMiss<T>(
  request: CacheRequest,
  { metrics }: ServerContext,
  read: () => Promise<T | null>,
): Promise<T | null> {
  try {
    return await read();
  } catch (error) {
    request.log.error({ err: error, hash: request.params.hash }, 'the store failed to read');
    metrics.requests.inc({ method: request.method, outcome: 'failed' });
    return null;
  }
}

function sendEntry(
  request: CacheRequest,
  reply: FastifyReply,
  entry: OpenEntry,
  grant: Grant,
  context: ServerContext,
): FastifyReply {
  const { sizeBytes, sha256 } = entry.record;
  const etag = `"${sha256}"`;
  const from = rangeStart(request, etag, sizeBytes);
  count(request, context, 'hit', grant);
  context.metrics.bytes.inc({ direction: 'out' }, sizeBytes - from);
  const range =
    from === 0 ? {} : { 'content-range': `bytes ${from}-${sizeBytes - 1}/${sizeBytes}` };
  const headers = {
    'x-content-sha256': sha256,
    etag,
    'accept-ranges': 'bytes',
    ...signatureOf(entry.record),
    ...codingOf(entry.record),
    ...zstdOffered,
    ...range,
  };
  return sendBody(reply, sizeBytes, entry, { stallMs: context.stallMs, headers, from });
}

function signatureOf({ signature }: EntryRecord): Record<string, string> {
  return signature === undefined ? {} : { [signatureHeader]: signature };
}

/** Nothing of it changes by what a reader asks for, unless it is kept as zstd. */
function codingOf({ packing }: EntryRecord): Record<string, string> {
  return packing === 'zstd' ? { ...zstdBody, vary: 'accept, accept-encoding' } : {};
}

/**
 * Where a download goes on that broke off; 0 for all of it, as also when the content is another one.
 *
 * @see RFC 9110, sections 13.1.5 and 14.2
 */
function rangeStart({ headers }: CacheRequest, etag: string, sizeBytes: number): number {
  const start = Number(/^bytes=(\d{1,15})-$/.exec(headers.range ?? '')?.[1] ?? 0);
  return headers['if-range'] === etag && start < sizeBytes ? start : 0;
}

function answer(
  request: CacheRequest,
  reply: FastifyReply,
  context: ServerContext,
  status: number,
  text: string,
  outcome: Outcome,
  grant: Grant | null,
): FastifyReply {
  if (request.method === 'PUT' && !request.raw.readableEnded && status !== 408)
    request.raw.resume();
  count(request, context, outcome, grant);
  return reply
    .code(status)
    .header(outcomeHeader, outcome)
    .headers(zstdOffered)
    .type('text/plain')
    .send(text);
}

function count(
  request: CacheRequest,
  { metrics }: ServerContext,
  outcome: Outcome,
  grant: Grant | null,
): void {
  metrics.requests.inc({ method: request.method, outcome });
  request.log.info(
    {
      method: request.method,
      hash: request.params.hash,
      outcome,
      scope: grant?.scope,
      subject: grant?.subject,
    },
    'cache',
  );
}

function statusOf(error: unknown): [number, Outcome] {
  switch (error instanceof CacheError ? error.code : null) {
    case 'ARCHIVE_REFUSED':
      return [403, 'refused'];
    case 'NOT_PLAIN':
      return [415, 'refused'];
    case 'UPLOAD_STALLED':
      return [408, 'failed'];
    case 'UPLOAD_CUT':
      return [400, 'failed'];
    case 'DISK_FULL':
      return [507, 'failed'];
    default:
      return [500, 'failed'];
  }
}

function messageOf(error: unknown): string {
  return error instanceof CacheError ? error.message : 'the entry could not be stored';
}
