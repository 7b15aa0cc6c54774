import type { FastifyInstance } from 'fastify';
import type { ServerContext } from './context';

/** What an orchestrator and a monitor ask. None of it needs a token, and none of it names a scope. */
export function careRoutes(app: FastifyInstance, { store, metrics, isReady }: ServerContext): void {
  app.get('/health', async () => ({ status: 'alive' }));

  app.get('/ready', async (_request, reply) => {
    const failure = isReady()
      ? await store.check().then(() => null, String)
      : 'starting or stopping';
    if (failure === null) return { status: 'ready' };
    return reply.code(503).send({ status: 'not ready', reason: failure });
  });

  app.get('/metrics', async (_request, reply) => {
    return reply.type(metrics.registry.contentType).send(await metrics.registry.metrics());
  });
}
