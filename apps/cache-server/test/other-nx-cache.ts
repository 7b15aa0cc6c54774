import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/**
 * A cache that speaks Nx's protocol to the letter and nothing of ours: what it is sent it keeps, byte
 * by byte, and says so by 200 alone.
 *
 * @see Nx documentation, "Build your own caching server", its OpenAPI specification
 */
export async function otherNxCache(): Promise<{ url: string; entries: Map<string, Buffer> }> {
  const entries = new Map<string, Buffer>();
  const server = createServer(async (request, response) => {
    const hash = request.url!.replace('/v1/cache/', '');
    const kept = entries.get(hash);
    if (request.method === 'GET')
      return void (kept ? response.end(kept) : response.writeHead(404).end());
    if (request.method !== 'PUT') return void response.writeHead(405).end();
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (kept) return void response.writeHead(409).end();
    entries.set(hash, Buffer.concat(chunks));
    response.end();
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, entries };
}
