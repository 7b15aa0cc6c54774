// Takes 30 s.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readAll } from '../blob/verify';
import { digestOf } from '../digest';
import { realCache, type RealCache } from '../testing/remote-cache';
import { entryNameOf, packEntry } from './layer-entry';
import { RemoteCache } from './remote-cache';

const layer = randomBytes(300_000);
const digest = digestOf(layer);

function clientOf({ url, tokens }: RealCache, name: keyof RealCache['tokens']): RemoteCache {
  const cache = new RemoteCache({ server: url, token: tokens[name], timeoutMs: 120_000 });
  onTestFinished(() => cache.close());
  return cache;
}

const put = (cache: RemoteCache) => cache.put(digest, layer.length, Readable.from([layer]));
const get = async (cache: RemoteCache) => readAll(await cache.open(digest));

describe('layers in a real cache server', () => {
  it('are stored once, and come back whole', async () => {
    const main = clientOf(await realCache(), 'main');
    expect(await main.has(digest)).toBe(false);
    await expect(get(main)).rejects.toMatchObject({ code: 'BLOB_MISSING' });
    expect(await put(main)).toBe('stored');
    expect(await main.has(digest)).toBe(true);
    expect(await put(main)).toBe('exists');
    expect(await get(main)).toEqual(layer);
  }, 120_000);

  it('of main serve a pull request; a pull request’s serve nobody but itself', async () => {
    const server = await realCache();
    const [main, pr1, pr2] = (['main', 'pr1', 'pr2'] as const).map((name) =>
      clientOf(server, name),
    );
    expect(await put(pr1!)).toBe('stored');
    expect(await get(pr1!)).toEqual(layer);
    for (const other of [main!, pr2!]) {
      expect(await other.has(digest)).toBe(false);
      await expect(get(other)).rejects.toMatchObject({ code: 'BLOB_MISSING' });
    }
    expect(await put(main!)).toBe('stored');
    expect(await get(pr2!)).toEqual(layer);
  }, 120_000);

  it('that somebody put another one’s content behind are damaged, not taken', async () => {
    const server = await realCache();
    const forged = randomBytes(layer.length);
    const body = await readAll(packEntry(digest, forged.length, Readable.from([forged])));
    // As whoever holds the token can.
    const url = `${server.url}/v1/cache/${entryNameOf(digest)}`;
    const headers = { authorization: `Bearer ${server.tokens.main}` };
    const answer = await fetch(url, { method: 'PUT', headers, body: new Uint8Array(body) });
    expect(answer.status).toBe(200);
    await expect(get(clientOf(server, 'main'))).rejects.toMatchObject({ code: 'BLOB_DAMAGED' });
  }, 120_000);

  it('are not taken from who may only read, and one line says so', async () => {
    const server = await realCache();
    await expect(put(clientOf(server, 'reader'))).rejects.toMatchObject({
      code: 'REMOTE_CACHE',
      message: 'the remote cache took no layer (answered 403)',
    });
    expect(await put(clientOf(server, 'main'))).toBe('stored');
    expect(await get(clientOf(server, 'reader'))).toEqual(layer);
  }, 120_000);
});

it('a cache that hangs is one line once nothing moves', async () => {
  const server = createServer(() => undefined).listen(0, '127.0.0.1');
  onTestFinished(() => server.closeAllConnections());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const cache = new RemoteCache({ server: `http://127.0.0.1:${port}`, timeoutMs: 1000 });
  const large = { code: 'REMOTE_CACHE', message: expect.stringMatching(/nothing moved for 1 s/) };
  const bytes = randomBytes(20_000_000);
  await expect(
    cache.put(digestOf(bytes), bytes.length, Readable.from([bytes])),
  ).rejects.toMatchObject(large);
  await expect(cache.has(digest)).rejects.toMatchObject({ code: 'REMOTE_CACHE' });
}, 120_000);

it('a cache that is not there is one line, not a wait', async () => {
  const cache = new RemoteCache({ server: 'http://127.0.0.1:1' });
  onTestFinished(() => cache.close());
  const line = {
    code: 'REMOTE_CACHE',
    message: expect.stringMatching(/^the remote cache does not answer/),
  };
  await expect(cache.has(digest)).rejects.toMatchObject(line);
  await expect(put(cache)).rejects.toMatchObject(line);
  await expect(get(cache)).rejects.toMatchObject(line);
});
