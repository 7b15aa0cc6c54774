import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import { grantOf, refuseStranger } from './bearer';
import type { ServerContext } from './context';

/** How long what the store has said of itself is taken for true: anybody may ask. */
const trustReadyMs = 1_000;

/** What an orchestrator asks. It needs no token, and names no scope. */
export function careRoutes(app: FastifyInstance, context: ServerContext): void {
  const { store, isReady } = context;
  // Anybody may ask, so that only the log says what and where.
  const failureOf = ({ log }: FastifyRequest) =>
    store.check().then(
      () => null,
      (error: unknown) => {
        log.error({ err: error }, 'the store cannot serve');
        return 'the store cannot serve; the log says why';
      },
    );
  let asked: { atMs: number; failure: Promise<string | null> } | null = null;
  app.get('/health', async () => ({ status: 'alive' }));

  app.get('/ready', async (request, reply) => {
    if (!asked || asked.atMs < performance.now() - trustReadyMs)
      asked = { atMs: performance.now(), failure: failureOf(request) };
    const failure = isReady() ? await asked.failure : 'starting or stopping';
    if (failure === null) return { status: 'ready' };
    return reply.code(503).send({ status: 'not ready', reason: failure });
  });

  if (context.metricsHaveOwnPort) return;
  app.get('/metrics', async (request, reply) => {
    if (!(await grantOf(request, context))) return refuseStranger(request, reply);
    return sendMetrics(context, reply);
  });
}

/** A server for the monitor alone, on a port that only it reaches. */
export function metricsServer(context: ServerContext): FastifyInstance {
  const app = Fastify({ exposeHeadRoutes: false });
  app.get('/metrics', async (_request, reply) => sendMetrics(context, reply));
  return app;
}

async function sendMetrics(
  { metrics }: ServerContext,
  reply: Parameters<typeof refuseStranger>[1],
): Promise<unknown> {
  return reply.type(metrics.registry.contentType).send(await metrics.registry.metrics());
}
