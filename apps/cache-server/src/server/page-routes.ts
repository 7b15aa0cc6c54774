import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { readQuery } from '../page/entry-query';
import { favicon } from '../page/favicon';
import { overviewOf } from '../page/overview';
import { cookieName, Sessions } from '../page/sessions';
import { style } from '../page/style';
import { loginView, overviewView } from '../page/views';
import type { ServerContext } from './context';

const styleHash = createHash('sha256').update(style).digest('base64');
/** Nothing is loaded, nothing runs, nobody frames it. */
const policy = `default-src 'none'; img-src 'self'; style-src 'sha256-${styleHash}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'`;

/** The page at `/`: without a login it is a form and nothing else. */
export function pageRoutes(app: FastifyInstance, { ledger, authenticator }: ServerContext): void {
  const sessions = new Sessions((bearer) => authenticator().grantFor(bearer));
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string', bodyLimit: 4 * 1024 },
    (_request, body, done) => done(null, new URLSearchParams(String(body))),
  );

  app.get('/', async (request, reply) => {
    const grant = await sessions.read(request.headers.cookie);
    if (!grant) return send(reply, 200, loginView(false));
    const query = readQuery(request.query);
    const nowMs = Date.now();
    return send(
      reply,
      200,
      overviewView(grant, overviewOf(ledger, grant.reads, query, nowMs), query, nowMs),
    );
  });

  app.get('/favicon.svg', async (_request, reply) =>
    reply.type('image/svg+xml').header('cache-control', 'max-age=86400').send(favicon),
  );

  app.post('/login', async (request, reply) => {
    const token = request.body instanceof URLSearchParams ? request.body.get('token') : null;
    const grant = token ? await authenticator().grantFor(token) : null;
    if (!token || !grant) return send(reply, 401, loginView(true));
    const isSecure = request.headers['x-forwarded-proto'] === 'https';
    return reply
      .header('set-cookie', sessions.open(token, grant.scope, isSecure))
      .redirect('/', 303);
  });

  app.post('/logout', async (request, reply) => {
    sessions.close(request.headers.cookie);
    return reply
      .header('set-cookie', `${cookieName}=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict`)
      .redirect('/', 303);
  });
}

function send(reply: FastifyReply, status: number, page: string): FastifyReply {
  return reply
    .code(status)
    .headers({
      'content-security-policy': policy,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    })
    .type('text/html; charset=utf-8')
    .send(page);
}
