// Takes 90 s.
import { randomUUID } from 'node:crypto';
import { nameOf, RemoteCache } from '@excel2doc/oci';
import { type RealCache, realCache } from '@excel2doc/oci/testing/remote-cache';
import { expect, onTestFinished, test } from 'vitest';
import { HandOver, type HandOverOptions } from './hand-over';

const LONG_MS = 60_000;

/** A shard, as far as it talks to others. */
async function shardOf(
  { url, tokens }: RealCache,
  {
    plan,
    shard,
    token = 'main',
  }: { plan: string; shard: number; token?: keyof RealCache['tokens'] },
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
  'what a shard of a fork tells no trusted run hears, though it knows the plan',
  async () => {
    const server = await realCache();
    const plan = randomUUID();
    const fork = await shardOf(server, { plan, shard: 1, token: 'pr1' });
    await fork!.tellMade('base:docker-out', undefined);
    await fork!.tellFailed('kind:docker-out');
    const two = await shardOf(server, { plan, shard: 2 });
    expect(await two!.awaitTask('base:docker-out', 1)).toBe('silent');
    expect(await two!.awaitTask('kind:docker-out', 1)).toBe('silent');
    const itsOwn = await shardOf(server, { plan, shard: 2, token: 'pr1' });
    expect(await itsOwn!.awaitTask('base:docker-out', 1)).toBe('made');
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

/** A cache behind which what is put is lost, as long as `isLost` says so of its name. */
class LosingCache extends RemoteCache {
  isLost: (name: string) => boolean = () => false;
  override async put(...given: Parameters<RemoteCache['put']>): ReturnType<RemoteCache['put']> {
    return this.isLost(given[0]) ? 'stored' : super.put(...given);
  }
}

async function losing({ url, tokens }: RealCache, more: Partial<HandOverOptions>) {
  const cache = new LosingCache({ server: url, token: tokens.main });
  const settings = { plan: randomUUID(), shard: 1, patienceMs: 1500, askEveryMs: 50 };
  const handOver = await HandOver.open({ cache, signEveryMs: 200, ...settings, ...more });
  onTestFinished(() => handOver!.close());
  return { cache, handOver: handOver! };
}

test(
  'what is lost behind the cache’s answer is told anew until it is there',
  async () => {
    const server = await realCache();
    const plan = randomUUID();
    const { cache, handOver } = await losing(server, { plan });
    const two = await shardOf(server, { plan, shard: 2 });
    cache.isLost = (name) => name === nameOf(`shards ${plan} made a:docker-out`);
    const waiting = two!.awaitTask('a:docker-out', 1);
    await handOver.tellMade('a:docker-out', undefined);
    cache.isLost = () => false;
    expect(await waiting).toBe('made');
    // And by one that ends at once.
    cache.isLost = () => true;
    await handOver.tellMade('b:docker-out', undefined);
    cache.isLost = () => false;
    await handOver.close();
    expect(await two!.awaitTask('b:docker-out', 1)).toBe('made');
  },
  LONG_MS,
);

test(
  'one that gives signs is heard past those that are lost, and not waited for without end',
  async () => {
    const server = await realCache();
    const plan = randomUUID();
    const { cache } = await losing(server, { plan });
    const lost = [2, 3, 6].map((count): string => nameOf(`shards ${plan} sign 1 ${count}`));
    cache.isLost = (name) => lost.includes(name);
    const { handOver: two } = await losing(server, { plan, shard: 2, longestMs: 4000 });
    expect(await two.awaitTask('never:docker-out', 1)).toBe('late');
  },
  LONG_MS,
);

test(
  'a task is called made only where its entry is in the cache',
  async () => {
    const server = await realCache();
    const plan = randomUUID();
    const one = await shardOf(server, { plan, shard: 1 });
    const two = await shardOf(server, { plan, shard: 2 });
    // It is looked for as long as an upload may take, and one is heard all that time.
    await one!.tellMade('a:docker-out', nameOf('nobody has put it'));
    expect(await two!.awaitTask('a:docker-out', 1)).toBe('unstored');
  },
  LONG_MS,
);
