import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { expect, it, onTestFinished } from 'vitest';
import { readAll } from '../blob/verify';
import { digestOf } from '../digest';
import { RemoteCache } from './remote-cache';

/** Answers with `body`, and leaves the answer open. */
async function endlessServer(body: Buffer): Promise<{ url: string; closed: Promise<unknown> }> {
  const server = createServer((_, answer) => {
    answer.writeHead(200);
    answer.write(body);
  });
  const closed = new Promise((resolve) =>
    server.once('connection', (socket) =>
      socket.on('error', () => undefined).once('close', resolve),
    ),
  );
  server.listen(0, '127.0.0.1');
  onTestFinished(() => server.closeAllConnections());
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, closed };
}

/** No header of a tar, and more than what waits between two streams. */
const damaged = gzipSync(randomBytes(4 << 20), { level: 0 });
const digest = digestOf(damaged);

it('an entry with a damaged header is refused, and its answer is not waited for', async () => {
  const { url, closed } = await endlessServer(damaged);
  const cache = new RemoteCache({ server: url });
  await expect(readAll(await cache.open(digest))).rejects.toMatchObject({ code: 'TAR_DAMAGED' });
  await closed;
  await cache.close();
}, 5000);

it.each([
  ['that nobody reads', false],
  ['that somebody reads', true],
])(
  'closing ends an answer %s',
  async (_, isRead) => {
    const { url } = await endlessServer(damaged);
    const cache = new RemoteCache({ server: url });
    const stream = await cache.openNamed(digest);
    stream.on('error', () => undefined);
    if (isRead) stream.resume();
    await cache.close();
  },
  5000,
);
