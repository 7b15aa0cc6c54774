import { setTimeout as sleep } from 'node:timers/promises';
import { Readable } from 'node:stream';
import { type Digest, nameOf, OciError, type RemoteCache } from '@excel2doc/oci';

/** What came of a wait for a task of another shard. */
export type Awaited =
  /** Its shard has made it, and it is in the cache. */
  | 'made'
  /** Its shard tried and could not. */
  | 'failed'
  /** Its shard has given no sign for as long as it is waited for. */
  | 'silent'
  /** The cache does not answer any more. */
  | 'away';

const SIGN_EVERY_MS = 20_000;
const ASK_EVERY_MS = 2000;
/** Behind an edge an upload is answered before it is sent. */
const UPLOAD_MS = 30_000;
const SAID = Buffer.from('said\n');

export interface HandOverOptions {
  cache: RemoteCache;
  /** Of the plan: nothing that is told under another is seen. */
  plan: string;
  /** Who tells, from 1 on. */
  shard: number;
  /** How long a shard that gives no sign is waited for. */
  patienceMs: number;
  askEveryMs?: number;
}

/**
 * How shards tell each other what they have made: by small entries of the remote cache that hands the
 * stages on as well, so that whoever may take these may see those. Nothing is taken from anybody by it:
 * a stage that is not in the cache is made by whoever needs it.
 */
export class HandOver {
  private signs: NodeJS.Timeout | undefined;
  private readonly heard = new Map<number, { signs: number; atMs: number }>();

  private constructor(private readonly options: HandOverOptions) {}

  /**
   * Undefined where this run cannot leave anything in the cache: with a token that only reads, as a
   * fork's pull request has it.
   *
   * @throws OciError `REMOTE_CACHE` where it does not answer
   */
  static async open(options: HandOverOptions): Promise<HandOver | undefined> {
    const own = new HandOver(options);
    return (await own.begin()) ? own : undefined;
  }

  /** No more signs. */
  async close(): Promise<void> {
    clearInterval(this.signs);
    await this.options.cache.close();
  }

  /**
   * Tells the others that a task is through.
   *
   * @param hash of its entry in the cache, which is waited for; undefined where it has none
   */
  async tellMade(task: string, hash: string | undefined): Promise<void> {
    if (hash !== undefined) await this.untilStored(hash);
    await this.tell(`made ${task}`);
  }

  /** Tells the others that a task failed: nobody has to wait for it. */
  async tellFailed(task: string): Promise<void> {
    await this.tell(`failed ${task}`);
  }

  /** Waits until a task of another shard is through, or not to be waited for. */
  async awaitTask(task: string, shard: number): Promise<Awaited> {
    const { patienceMs, askEveryMs = ASK_EVERY_MS } = this.options;
    try {
      for (;;) {
        if (await this.isTold(`made ${task}`)) return 'made';
        if (await this.isTold(`failed ${task}`)) return 'failed';
        const heard = this.heard.get(shard) ?? { signs: 0, atMs: performance.now() };
        this.heard.set(shard, heard);
        while (await this.isTold(sign(shard, heard.signs + 1))) {
          heard.signs++;
          heard.atMs = performance.now();
        }
        if (performance.now() - heard.atMs > patienceMs) return 'silent';
        await sleep(askEveryMs);
      }
    } catch (error) {
      if (!isTrouble(error)) throw error;
      return 'away';
    }
  }

  /** Gives the first sign, and sees whether others would. */
  private async begin(): Promise<boolean> {
    const { shard, askEveryMs = ASK_EVERY_MS } = this.options;
    // One that runs again goes on behind the signs of before.
    let count = 1;
    while (await this.isTold(sign(shard, count))) count++;
    if (!(await this.tell(sign(shard, count)))) return false;
    const endMs = performance.now() + UPLOAD_MS;
    while (!(await this.isTold(sign(shard, count)))) {
      if (performance.now() > endMs) return false;
      await sleep(Math.min(askEveryMs, 500));
    }
    this.signs = setInterval(() => void this.tell(sign(shard, ++count)), SIGN_EVERY_MS).unref();
    return true;
  }

  private async untilStored(hash: string): Promise<void> {
    const { askEveryMs = ASK_EVERY_MS, cache } = this.options;
    const endMs = performance.now() + UPLOAD_MS;
    try {
      // Its entry, in the form in which entries are named.
      while (!(await cache.has(hash as Digest)) && performance.now() < endMs)
        await sleep(Math.min(askEveryMs, 500));
    } catch (error) {
      if (!isTrouble(error)) throw error;
    }
  }

  /** Whether it could be told. */
  private async tell(what: string): Promise<boolean> {
    try {
      await this.options.cache.put(this.named(what), SAID.length, Readable.from([SAID]));
      return true;
    } catch (error) {
      if (!isTrouble(error)) throw error;
      return false;
    }
  }

  private async isTold(what: string): Promise<boolean> {
    try {
      const content = await this.options.cache.openNamed(this.named(what));
      for await (const _ of content);
      return true;
    } catch (error) {
      if ((error as { code?: string }).code === 'BLOB_MISSING') return false;
      throw error;
    }
  }

  private named(what: string): Digest {
    return nameOf(`shards ${this.options.plan} ${what}`);
  }
}

const sign = (shard: number, count: number) => `sign ${shard} ${count}`;

const isTrouble = (error: unknown) => error instanceof OciError;
