import { connect, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';

export interface LoadRequest {
  method: 'GET' | 'PUT';
  path: string;
  body?: Buffer;
  headers?: Record<string, string>;
}

export interface LoadResult {
  seconds: number;
  /** One for each request. */
  latenciesMs: number[];
  /** How often each status came. */
  statuses: Record<number, number>;
}

/**
 * Sends `requests` over `clients` kept-alive connections, each sending its next when the last is
 * answered. It speaks just enough HTTP to cost little beside the server that it measures.
 */
export async function load(
  url: string,
  token: string,
  clients: number,
  requests: readonly LoadRequest[],
): Promise<LoadResult> {
  const { hostname, port } = new URL(url);
  const latenciesMs: number[] = [];
  const statuses: Record<number, number> = {};
  const sockets = await Promise.all(
    Array.from({ length: clients }, () => open(Number(port), hostname)),
  );
  let next = 0;
  const startedMs = performance.now();
  await Promise.all(
    sockets.map(async (socket) => {
      while (next < requests.length) {
        const request = requests[next++]!;
        const sentMs = performance.now();
        const status = await exchange(socket, request, token);
        latenciesMs.push(performance.now() - sentMs);
        statuses[status] = (statuses[status] ?? 0) + 1;
      }
    }),
  );
  const seconds = (performance.now() - startedMs) / 1000;
  sockets.forEach((socket) => socket.destroy());
  return { seconds, latenciesMs, statuses };
}

function open(port: number, host: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host, noDelay: true }, () => resolve(socket));
    socket.once('error', reject);
  });
}

/** @see RFC 9112, section 7.1 */
const lastChunk = Buffer.from('\r\n0\r\n\r\n');

function exchange(
  socket: Socket,
  { method, path, body, headers = {} }: LoadRequest,
  token: string,
): Promise<number> {
  return new Promise((resolve, reject) => {
    let head: Buffer = Buffer.alloc(0);
    let missing = -1;
    /** The end of a body whose length nobody has said. */
    let tail: Buffer | null = null;
    let status = 0;
    const done = (settle: () => void) => {
      socket.off('data', onData);
      socket.off('error', onEnd);
      socket.off('close', onEnd);
      settle();
    };
    const onEnd = () => done(() => reject(new Error(`${method} ${path}: the connection ended`)));
    const onData = (chunk: Buffer) => {
      if (missing === -1) {
        head = head.length === 0 ? chunk : Buffer.concat([head, chunk]);
        const end = head.indexOf('\r\n\r\n');
        if (end === -1) return;
        const text = head.toString('latin1', 0, end);
        status = Number(text.slice(9, 12));
        const length = Number(/\r\ncontent-length: *(\d+)/i.exec(text)?.[1] ?? 0);
        missing = length - (head.length - end - 4);
        if (/\r\ntransfer-encoding: *chunked/i.test(text)) tail = head.subarray(end + 4);
      } else if (tail) {
        tail = Buffer.concat([tail, chunk]).subarray(-lastChunk.length);
      } else {
        missing -= chunk.length;
      }
      if (tail ? tail.subarray(-lastChunk.length).equals(lastChunk) : missing <= 0)
        done(() => resolve(status));
    };
    socket.on('data', onData);
    socket.on('error', onEnd);
    socket.on('close', onEnd);
    const length = body
      ? `${headers['content-type'] ? '' : 'Content-Type: application/octet-stream\r\n'}Content-Length: ${body.length}\r\n`
      : '';
    const more = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(
      `${method} ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n${length}${more.join('')}\r\n`,
    );
    if (body) socket.write(body);
  });
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
