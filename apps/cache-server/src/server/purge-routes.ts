import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Grant } from '../access/grant';
import { isHash } from '../entry-key';
import { grantOf, refuseStranger } from './bearer';
import type { ServerContext } from './context';

/** What is to go; all that is given must hold. */
const purgeSchema = z
  .strictObject({
    hash: z.string().refine(isHash, 'not a hash').optional(),
    project: z.string().optional(),
    target: z.string().optional(),
    /** Stored before this time. */
    before: z.coerce.date().optional(),
    /** To be said, where nothing else is: every entry of the scope. */
    all: z.literal('true').optional(),
  })
  .refine(
    (filter) => Object.keys(filter).length > 0,
    'say what: hash, project, target, before, all',
  );

/**
 * `DELETE /v1/entries` and `DELETE /v1/cache/:hash`: entries of the token's own scope go, whoever
 * wrote them. A writer may: what it could not store it could not poison either.
 */
export function purgeRoutes(app: FastifyInstance, context: ServerContext): void {
  const purge = async (
    request: FastifyRequest,
    reply: FastifyReply,
    grant: Grant,
    raw: unknown,
  ) => {
    const filter = purgeSchema.safeParse(raw);
    if (!filter.success)
      return reply.code(400).type('text/plain').send(z.prettifyError(filter.error));
    const { hash, project, target, before } = filter.data;
    const removed = await context.cache.purge(
      grant.scope,
      (entry) =>
        (hash === undefined || entry.key.hash === hash) &&
        (project === undefined || entry.task?.project === project) &&
        (target === undefined || entry.task?.target === target) &&
        (before === undefined || entry.createdAtMs < before.getTime()),
    );
    request.log.warn({ scope: grant.scope, subject: grant.subject, ...filter.data, ...removed }, 'purged'); // prettier-ignore
    return removed;
  };
  const asWriter =
    (filterOf: (request: FastifyRequest) => unknown) =>
    async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
      const grant = await grantOf(request, context);
      if (!grant) return refuseStranger(request, reply);
      if (!grant.writes) return reply.code(403).type('text/plain').send('this token may only read');
      return purge(request, reply, grant, filterOf(request));
    };
  app.delete('/v1/entries', asWriter((request) => request.query)); // prettier-ignore
  app.delete('/v1/cache/:hash', asWriter((request) => request.params)); // prettier-ignore
}
