// Takes 60 s.
import { randomUUID } from 'node:crypto';
import { RemoteCache } from '@excel2doc/oci';
import { type RealCache, realCache } from '@excel2doc/oci/testing/remote-cache';
import { expect, onTestFinished, test } from 'vitest';
import { HandOver } from './hand-over';

const LONG_MS = 60_000;

/** A shard, as far as it talks to others. */
async function shardOf(
  { url, tokens }: RealCache,
  { plan, shard, token = 'main' }: { plan: string; shard: number; token?: 'main' | 'reader' },
): Promise<HandOver | undefined> {
  const cache = new RemoteCache({ server: url, token: tokens[token] });
  const handOver = await HandOver.open({ cache, plan, shard, patienceMs: 1500, askEveryMs: 50 });
  onTestFinished(() => (handOver ?? cache).close());
  return handOver;
}

test(
  'what one shard tells others of its plan hear, and those of another plan do not',
  async () => {
    const server = await realCache();
    const plan = randomUUID();
    const [one, two] = [await shardOf(server, { plan, shard: 1 }), await shardOf(server, { plan, shard: 2 })]; // prettier-ignore
    const waiting = two!.awaitTask('base:docker-out', 1);
    await one!.tellMade('base:docker-out', undefined);
    await one!.tellFailed('kind:docker-out');
    expect(await waiting).toBe('made');
    expect(await two!.awaitTask('kind:docker-out', 1)).toBe('failed');
    const stranger = await shardOf(server, { plan: randomUUID(), shard: 2 });
    expect(await stranger!.awaitTask('base:docker-out', 1)).toBe('silent');
  },
  LONG_MS,
);

test(
  'one that failed and ran again is heard with what it made then',
  async () => {
    const server = await realCache();
    const plan = randomUUID();
    await (await shardOf(server, { plan, shard: 1 }))!.tellFailed('a:docker-out');
    await (await shardOf(server, { plan, shard: 1 }))!.tellMade('a:docker-out', undefined);
    const two = await shardOf(server, { plan, shard: 2 });
    expect(await two!.awaitTask('a:docker-out', 1)).toBe('made');
  },
  LONG_MS,
);

test(
  'who may only read is told so at once, and waits for nobody',
  async () => {
    expect(await shardOf(await realCache(), { plan: randomUUID(), shard: 1, token: 'reader' })).toBeUndefined(); // prettier-ignore
  },
  LONG_MS,
);

test(
  'a cache that is not there is said, and one that goes away in the middle ends the wait',
  async () => {
    const nowhere = new RemoteCache({ server: 'http://127.0.0.1:1' });
    const settings = { plan: randomUUID(), shard: 1, patienceMs: 60_000, askEveryMs: 50 };
    await expect(HandOver.open({ ...settings, cache: nowhere })).rejects.toMatchObject({
      code: 'REMOTE_CACHE',
    });
    const { url, tokens } = await realCache();
    const cache = new RemoteCache({ server: url, token: tokens.main });
    const handOver = await HandOver.open({ ...settings, cache });
    const waiting = handOver!.awaitTask('a:docker-out', 2);
    await cache.close();
    expect(await waiting).toBe('away');
  },
  LONG_MS,
);
