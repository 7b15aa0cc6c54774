import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** What to do with a request instead of passing it on. */
export type Fault =
  | { kind: 'answer'; status: number; headers?: Record<string, string> }
  /** Passes the request on in full, the answer's body only so far. */
  | { kind: 'cutAnswer'; afterBytes: number }
  /** Closes the connection when so much of the request's body has come, having passed that on. */
  | { kind: 'cutRequest'; afterBytes: number }
  /** Passes the answer on without, or with another value of, a header. */
  | { kind: 'header'; name: string; value?: string }
  | { kind: 'drop' };

export interface Proxy {
  /** `localhost:<port>` */
  host: string;
  seen: { method: string; url: string; headers: IncomingMessage['headers'] }[];
}

/** In front of a real registry; `fault` decides for each request, null passes it on. */
export async function faultyProxy(
  upstream: string,
  fault: (method: string, url: string, count: number) => Fault | null,
): Promise<Proxy> {
  const seen: Proxy['seen'] = [];
  const [hostname, port] = upstream.split(':');

  const pass = (incoming: IncomingMessage, answer: ServerResponse, found: Fault | null) => {
    const onward = request(
      { hostname, port, method: incoming.method, path: incoming.url, headers: incoming.headers },
      (response) => {
        const headers = { ...response.headers };
        if (found?.kind === 'header') {
          delete headers[found.name];
          if (found.value !== undefined) headers[found.name] = found.value;
        }
        answer.writeHead(response.statusCode!, headers);
        let sent = 0;
        response.on('data', (chunk: Buffer) => {
          if (found?.kind !== 'cutAnswer') return void answer.write(chunk);
          answer.write(chunk.subarray(0, Math.max(found.afterBytes - sent, 0)));
          sent += chunk.length;
          if (sent > found.afterBytes) setTimeout(() => incoming.socket.destroy(), 20);
        });
        response.on('end', () => void (found?.kind === 'cutAnswer' || answer.end()));
      },
    );
    onward.on('error', () => answer.destroy());
    let received = 0;
    incoming.on('data', (chunk: Buffer) => {
      if (found?.kind !== 'cutRequest') return void onward.write(chunk);
      onward.write(chunk.subarray(0, Math.max(found.afterBytes - received, 0)));
      received += chunk.length;
      if (received <= found.afterBytes) return;
      setTimeout(() => {
        onward.destroy();
        incoming.destroy();
      }, 50);
    });
    incoming.on('end', () => onward.end());
  };

  const server = createServer((incoming, answer) => {
    const { method = '', url = '', headers } = incoming;
    seen.push({ method, url, headers });
    const found = fault(method, url, seen.length);
    if (found?.kind === 'drop') return void incoming.destroy();
    if (found?.kind !== 'answer') return pass(incoming, answer, found);
    incoming.resume();
    answer.writeHead(found.status, found.headers).end('{"errors":[]}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { host: `localhost:${(server.address() as AddressInfo).port}`, seen };
}
