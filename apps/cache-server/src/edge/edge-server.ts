import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import { CacheError } from '../error';
import { isHash } from '../entry-key';
import { sendBody } from '../transfer/send-body';
import type { Spool, SpoolRules } from '../upload/spool';
import type { Spooled } from '../upload/spooled';
import type { UpstreamClient } from '../upstream/upstream-client';
import type { Breaker } from './breaker';
import type { Signer, TrustedKeys } from '../signing/signature';
import type { DeclaredOutputs } from './declared-outputs';
import { isLayerEntry, layerRoutes } from './layer-entries';
import type { UploadQueue } from './upload-queue';
import type { Uploader } from './uploader';

export interface EdgeParts {
  spool: Spool;
  spoolRules: SpoolRules;
  client: UpstreamClient;
  breaker: Breaker;
  queue: UploadQueue;
  outputs: DeclaredOutputs;
  uploader: Uploader;
  /** What uploads are sealed with. */
  secret: string;
  /** Null: uploads are not signed. */
  signer: Signer | null;
  /** Null: entries are taken without a signature. */
  trustedKeys: TrustedKeys | null;
}

export interface EdgeServer {
  url: string;
  /** Only the command that the edge runs knows it. */
  token: string;
  close(): Promise<void>;
}

type HashRequest = FastifyRequest<{ Params: { hash: string } }>;

/** The loopback server that Nx talks to. Whatever the upstream does, its answers let a run go on. */
export async function startEdgeServer(parts: EdgeParts): Promise<EdgeServer> {
  const token = randomBytes(32).toString('base64url');
  const app = Fastify({
    exposeHeadRoutes: false,
    return503OnClosing: false,
    // A hash that is too long is a miss, and no other answer.
    routerOptions: { maxParamLength: 16 * 1024 },
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
  app.addHook('onRequest', async (request, reply) => {
    if (request.headers.authorization === `Bearer ${token}`) return;
    return reply.code(401).type('text/plain').send('not the command that this edge runs');
  });
  layerRoutes(app, parts);
  routes(app, parts);
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  return {
    url,
    token,
    close: async () => {
      app.server.closeAllConnections();
      await app.close();
    },
  };
}

function routes(app: FastifyInstance, parts: EdgeParts): void {
  app.get('/v1/cache/:hash', async (request: HashRequest, reply) => {
    const { hash } = request.params;
    const spooled = isHash(hash) ? await downloadOrMiss(hash, parts) : null;
    if (!spooled) return reply.code(404).type('text/plain').send('no such entry');
    const body = { body: spooled.content, close: () => spooled.discard() };
    return sendBody(reply, spooled.sizeBytes, body, { stallMs: parts.spoolRules.stallMs });
  });

  app.put('/v1/cache/:hash', async (request: HashRequest, reply) => {
    try {
      if (!isHash(request.params.hash))
        throw new CacheError('ARCHIVE_REFUSED', { message: 'not a hash' });
      if (parts.breaker.isDead)
        throw new CacheError('TOKEN_DEAD', { message: 'the upstream does not know our token' });
      const spooled = await parts.spool.receive(request.body as IncomingMessage, parts.spoolRules);
      try {
        const { hash } = request.params;
        const { contentSha256 } = spooled;
        const signature = parts.signer?.sign({ hash, contentSha256: contentSha256! });
        parts.uploader.send(await parts.queue.add(hash, spooled, parts.secret, signature));
      } finally {
        await spooled.discard();
      }
      return await reply.code(200).send();
    } catch (error) {
      // 403 is the one answer by which Nx knows "not stored" without failing the task.
      return reply
        .code(403)
        .type('text/plain')
        .send(error instanceof Error ? error.message : 'not stored');
    }
  });
}

async function downloadOrMiss(
  hash: string,
  { client, breaker, spool, spoolRules, outputs, trustedKeys }: EdgeParts,
): Promise<Spooled | null> {
  if (!breaker.enter()) return null;
  try {
    const spooled = await client.download(hash, spool, {
      ...spoolRules,
      place: isLayerEntry(hash) ? undefined : await outputs.place(hash),
    });
    breaker.succeeded();
    if (spooled && trustedKeys) {
      const signed = { hash, contentSha256: spooled.contentSha256! };
      const reason = trustedKeys.refusal(signed, spooled.signature ?? null);
      if (reason !== null) {
        await spooled.discard();
        throw new CacheError('NOT_SIGNED', { message: `entry ${hash} is not used: ${reason}` });
      }
    }
    return spooled;
  } catch (error) {
    const code = error instanceof CacheError ? error.code : null;
    if (code === 'ARCHIVE_REFUSED' || code === 'NOT_SIGNED') {
      // It answers, and in time: only this entry is of no use.
      breaker.succeeded();
      breaker.noticed(error);
    } else if (code === 'TOKEN_DEAD') breaker.died(error);
    else breaker.failed(error);
    return null;
  }
}
