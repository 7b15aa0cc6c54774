import type { FastifyReply, FastifyRequest } from 'fastify';
import { bearerOf } from '../access/authenticator';
import type { Grant } from '../access/grant';
import type { ServerContext } from './context';

/** Of a body that nobody is to read, this much is let by so that its sender reads the answer. */
const drainBytes = 1024 * 1024;
const drainMs = 2_000;

/** The grant of a request's bearer token, found from its headers alone; null when it has none. */
export async function grantOf(
  request: FastifyRequest,
  { authenticator }: Pick<ServerContext, 'authenticator'>,
): Promise<Grant | null> {
  const bearer = bearerOf(request.headers.authorization);
  return bearer === null ? null : authenticator().grantFor(bearer);
}

/**
 * Answers whoever has no token. Nothing of a body is parsed; a little of it is let by, and then the
 * connection ends, however slowly it comes.
 */
export function refuseStranger(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return refuseBody(request, reply, 401, 'no valid token');
}

/** Answers without having read the body, and ends the connection as above. */
export function refuseBody(
  request: FastifyRequest,
  reply: FastifyReply,
  status: number,
  text: string,
): FastifyReply {
  const { raw } = request;
  let bytes = 0;
  const cut = () => raw.socket.destroy();
  const timer = setTimeout(cut, drainMs);
  raw.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > drainBytes) cut();
  });
  raw.once('close', () => clearTimeout(timer));
  return reply.code(status).header('connection', 'close').type('text/plain').send(text);
}
