import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { bearerOf } from '../access/authenticator';
import { runReportSchema } from '../run-report';
import type { ServerContext } from './context';

/** `POST /v1/runs`: names the entries of the token's own scope; no other's can be named. */
export function runRoutes(app: FastifyInstance, { ledger, authenticator }: ServerContext): void {
  app.post('/v1/runs', async (request, reply) => {
    const bearer = bearerOf(request.headers.authorization);
    const grant = bearer === null ? null : await authenticator().grantFor(bearer);
    if (!grant) return reply.code(401).type('text/plain').send('no valid token');
    if (!grant.writes) return reply.code(403).type('text/plain').send('this token may only read');
    const report = runReportSchema.safeParse(request.body);
    if (!report.success)
      return reply.code(400).type('text/plain').send(z.prettifyError(report.error));
    const labelled = report.data.tasks.filter(({ hash, project, target, durationMs }) =>
      ledger.label({ scope: grant.scope, hash }, { project, target, durationMs }),
    );
    return { labelled: labelled.length };
  });
}
