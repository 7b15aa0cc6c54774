import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Grant } from '../access/grant';
import { runReportSchema } from '../run-report';
import { grantOf, refuseStranger } from './bearer';
import type { ServerContext } from './context';

/** `POST /v1/runs`: names the entries of the token's own scope; no other's can be named. */
export function runRoutes(app: FastifyInstance, context: ServerContext): void {
  const grants = new WeakMap<object, Grant>();
  app.post('/v1/runs', {
    // Before the body is read: a stranger's is never parsed.
    onRequest: async (request, reply) => {
      const grant = await grantOf(request, context);
      if (!grant) return refuseStranger(request, reply);
      if (!grant.writes) return reply.code(403).type('text/plain').send('this token may only read');
      grants.set(request, grant);
      return undefined;
    },
    handler: async (request, reply) => {
      const { scope } = grants.get(request)!;
      const report = runReportSchema.safeParse(request.body);
      if (!report.success)
        return reply.code(400).type('text/plain').send(z.prettifyError(report.error));
      const labelled = report.data.tasks.filter(({ hash, project, target, durationMs }) =>
        context.ledger.label({ scope, hash }, { project, target, durationMs }),
      );
      return { labelled: labelled.length };
    },
  });
}
