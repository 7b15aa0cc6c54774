import type { FastifyInstance, FastifyRequest } from 'fastify';
import { CacheError } from '../error';
import { isHash } from '../entry-key';
import type { UpstreamClient } from '../upstream/upstream-client';
import type { Breaker } from './breaker';

const layer = /^sha256-[0-9a-f]{64}$/;

/**
 * Whether an entry is a layer of an image, which nx-stages keeps beside Nx's own. No task has it, so
 * it is unpacked into no workspace: who asks for it checks it against its digest.
 */
export function isLayerEntry(hash: string): boolean {
  return layer.test(hash);
}

/** Whether the upstream has an entry, so that a layer that is there is not sent once more. */
export function layerRoutes(
  app: FastifyInstance,
  { client, breaker }: { client: UpstreamClient; breaker: Breaker },
): void {
  app.head(
    '/v1/cache/:hash',
    async (request: FastifyRequest<{ Params: { hash: string } }>, reply) => {
      const { hash } = request.params;
      const isThere = isHash(hash) && breaker.enter() && (await holds(hash));
      return reply.code(isThere ? 200 : 404).send();
    },
  );

  async function holds(hash: string): Promise<boolean> {
    try {
      const answer = await client.has(hash);
      breaker.succeeded();
      return answer;
    } catch (error) {
      if (error instanceof CacheError && error.code === 'TOKEN_DEAD') breaker.died(error);
      else breaker.failed(error);
      return false;
    }
  }
}
