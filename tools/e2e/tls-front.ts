import { readFileSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import type { Compose, Engine } from '@excel2doc/engine';
import { type Clone, freePort } from './clone';
import { buildImage } from './image';

/**
 * Has the production of a clone come up on this machine: the official image of Caddy is replaced by
 * one that can be had here, and it is reached on a port of the loopback alone, which is returned.
 */
export async function provideTlsFront(engine: Engine, clone: Clone): Promise<number> {
  const caddy = 'excel2doc/e2e-caddy';
  await buildImage(engine, caddy, join(__dirname, 'caddy'));
  const port = await freePort();
  const path = join(clone.folder, 'docker/compose.prod.yaml');
  const text = readFileSync(path, 'utf8')
    .replace('image: caddy:2.8.4', `image: ${caddy}`)
    .replace("['80:80', '443:443', '443:443/udp']", `['127.0.0.1:${port}:443']`);
  writeFileSync(path, text);
  return port;
}

/** The certificate of the authority that Caddy makes for itself where it is asked for `localhost`. */
export async function authorityOf(compose: Compose): Promise<string> {
  const path = '/data/caddy/pki/authorities/local/root.crt';
  const { stdout } = await compose.exec('caddy', ['cat', path]);
  if (!stdout.includes('BEGIN CERTIFICATE')) throw new Error(`Caddy has no ${path}`);
  return stdout;
}

export interface Answer {
  status: number;
  body: Buffer;
}

/** A client of `https://localhost:<port>` that believes one authority and no other. */
export function tlsClient(port: number, authority: string, keepAlive = true) {
  const agent = new Agent({ keepAlive, ca: authority });
  return (method: string, path: string, form?: FormData) =>
    new Promise<Answer>((resolve, reject) => {
      void (async () => {
        const sent = form && new Response(form);
        const body = sent && Buffer.from(await sent.arrayBuffer());
        const headers = {
          host: 'localhost',
          ...(body && {
            'content-type': sent.headers.get('content-type') ?? '',
            'content-length': body.length,
          }),
        };
        const options = { host: '127.0.0.1', servername: 'localhost', port, path, method };
        request({ ...options, agent, headers }, (response) => {
          const chunks: Buffer[] = [];
          response
            .on('data', (chunk: Buffer) => chunks.push(chunk))
            .on('end', () =>
              resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) }),
            )
            .on('error', reject);
        })
          .on('error', reject)
          .end(body);
      })().catch(reject);
    });
}
