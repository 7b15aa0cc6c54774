import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { bearerOf } from '../access/authenticator';
import { isHash } from '../entry-key';
import type { ServerContext } from './context';

const text = z.string().min(1).max(256);

/** What an edge reports of a run: which task each hash it uploaded was of, and how long it took. */
export const runReportSchema = z.object({
  tasks: z
    .array(
      z.object({
        hash: z.string().refine(isHash),
        project: text,
        target: text,
        durationMs: z
          .number()
          .nonnegative()
          .max(7 * 24 * 3600 * 1000),
      }),
    )
    .max(10_000),
});

export type RunReport = z.output<typeof runReportSchema>;

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
