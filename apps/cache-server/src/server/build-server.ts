import Fastify, {
  LogController,
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
} from 'fastify';
import { refuseBody } from './bearer';
import type { ServerContext } from './context';
import { cacheRoutes } from './cache-routes';
import { careRoutes } from './care-routes';
import { pageRoutes } from './page-routes';
import { purgeRoutes } from './purge-routes';
import { runRoutes } from './run-routes';

const headersMs = 10_000;
const maxHeaderBytes = 16 * 1024;

interface ServerOptions {
  logger: FastifyBaseLogger;
  /** A connection on which nothing moves for this long is closed. */
  idleMs: number;
}

/** The HTTP server with all its routes, not yet listening. */
export function buildServer(
  context: ServerContext,
  { logger, idleMs }: ServerOptions,
): FastifyInstance {
  const app = Fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    // Lines name the hash and the scope; a logger for each request would cost more than a miss.
    childLoggerFactory: (parent) => parent,
    connectionTimeout: idleMs,
    forceCloseConnections: 'idle',
    exposeHeadRoutes: false,
    return503OnClosing: false,
    bodyLimit: 2 * 1024 * 1024,
    // A hash that is too long is a miss: any other answer than 404 stops a run.
    routerOptions: { maxParamLength: maxHeaderBytes },
    // Headers that drip in cost a connection; a body has the reader's own limit.
    http: { headersTimeout: headersMs, maxHeaderSize: maxHeaderBytes },
  });
  app.addHook('onResponse', (request, reply, done) => {
    context.metrics.seconds.observe({ method: request.method }, reply.elapsedTime / 1000);
    done();
  });
  // Nobody's body is parsed but where one is meant: also where there is no route, Fastify would.
  app.removeAllContentTypeParsers();
  app.setNotFoundHandler((request, reply) => refuseBody(request, reply, 404, 'nothing is here'));
  app.setErrorHandler(async (error: FastifyError, request, reply) => {
    const status = error.statusCode ?? 500;
    if (status < 500) return refuseBody(request, reply, status, error.message);
    // What failed names paths and hosts, which are nobody's business.
    request.log.error({ err: error }, 'a request failed');
    return reply.code(status).type('text/plain').send('the server failed; its log says why');
  });
  void app.register(async (scope) => {
    // Uploads stay streams, whatever their type.
    scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
    cacheRoutes(scope, context);
  });
  careRoutes(app, context);
  void app.register(async (scope) => {
    const json = scope.getDefaultJsonParser('error', 'error');
    scope.addContentTypeParser('application/json', { parseAs: 'string' }, json);
    runRoutes(scope, context);
  });
  purgeRoutes(app, context);
  pageRoutes(app, context);
  return app;
}
