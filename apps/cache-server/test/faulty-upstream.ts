import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { nxArchive } from './archive';

/** What an upstream can do to its clients. */
export const faults = [
  'is down',
  'hangs',
  'trickles',
  'answers 500',
  'answers 401',
  'answers 429',
  'answers 200 with nonsense',
  'redirects to a login page',
  'cuts its bodies',
  'lies about its digest',
  'is full',
  'resets connections',
  'answers 200 to everything',
] as const;

export type Fault = (typeof faults)[number];

export async function faultyUpstream(fault: Fault): Promise<string> {
  const archive = await nxArchive({ 'dist/p0/out.txt': 'not what this task makes' });
  const server = createServer((request, response) => answer(fault, archive, request, response));
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  if (fault === 'is down') server.close();
  return url;
}

function answer(
  fault: Fault,
  archive: Buffer,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  request.resume();
  const whole = { 'content-length': archive.length };
  switch (fault) {
    case 'hangs':
      return;
    case 'trickles': {
      response.writeHead(200, whole);
      let at = 0;
      const timer = setInterval(() => response.write(archive.subarray(at, (at += 1))), 100);
      response.on('close', () => clearInterval(timer));
      return;
    }
    case 'answers 200 with nonsense':
      return void response.end('<html>Please log in to the Wi-Fi</html>');
    case 'redirects to a login page':
      return void response.writeHead(302, { location: '/login' }).end();
    case 'cuts its bodies':
      response.writeHead(200, whole);
      response.write(archive.subarray(0, 100), () => response.destroy());
      return;
    case 'lies about its digest':
      return void response
        .writeHead(200, { ...whole, 'x-content-sha256': '0'.repeat(64) })
        .end(archive);
    case 'is full':
      return void response.writeHead(request.method === 'PUT' ? 507 : 404).end();
    case 'answers 200 to everything':
      return void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>');
    case 'resets connections':
      return void request.socket.resetAndDestroy();
    default:
      response.writeHead(Number(/\d+/.exec(fault)![0])).end('no');
  }
}
