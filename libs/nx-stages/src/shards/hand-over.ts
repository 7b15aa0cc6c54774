import { setTimeout as sleep } from 'node:timers/promises';
import { Readable } from 'node:stream';
import { type Digest, nameOf, OciError, type RemoteCache } from '@excel2doc/oci';

/** What came of a wait for a task of another shard. */
export type Awaited =
  /** Its shard has made it, and it is in the cache. */
  | 'made'
  /** Its shard tried and could not. */
  | 'failed'
  /** Its shard has made it, and could not see it in the cache. */
  | 'unstored'
  /** Its shard has given no sign for as long as it is waited for. */
  | 'silent'
  /** Its shard has not come to it in the longest time that is waited in all. */
  | 'late'
  /** The cache does not answer any more. */
  | 'away';

const SIGN_EVERY_MS = 20_000;
const ASK_EVERY_MS = 2000;
/** However many signs there are: most jobs of CI are ended after an hour. */
const LONGEST_MS = 30 * 60_000;
/** So many are looked for behind the last one heard: all but the last of them may be lost. */
const SIGNS_AHEAD = 3;
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
  /** How long is waited for the other shards in all, whatever signs they give. */
  longestMs?: number;
  askEveryMs?: number;
  signEveryMs?: number;
}

/**
 * How shards tell each other what they have made: by small entries of the remote cache that hands the
 * stages on as well, so that whoever may take these may see those. Nothing is taken from anybody by it:
 * a stage that is not in the cache is made by whoever needs it.
 */
export class HandOver {
  private signs: NodeJS.Timeout | undefined;
  /** What is told and has not been read back: what is put into a cache may be lost behind its answer. */
  private readonly unread = new Set<string>();
  /** How long it has waited for others, for all tasks together. */
  private waitedMs = 0;
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

  /** No more signs; what is told is there, or cannot be put there. */
  async close(): Promise<void> {
    clearInterval(this.signs);
    const { askEveryMs = ASK_EVERY_MS } = this.options;
    const endMs = performance.now() + UPLOAD_MS;
    while (!(await this.retell()) && performance.now() < endMs)
      await sleep(Math.min(askEveryMs, 500));
    await this.options.cache.close();
  }

  /**
   * Tells the others that a task is through, and whether its entry is in the cache.
   *
   * @param hash of its entry in the cache, which is waited for; undefined where it has none
   */
  async tellMade(task: string, hash: string | undefined): Promise<void> {
    const isThere = hash === undefined || (await this.isStored(hash));
    await this.tell(`${isThere ? 'made' : 'unstored'} ${task}`);
  }

  /** Tells the others that a task failed: nobody has to wait for it. */
  async tellFailed(task: string): Promise<void> {
    await this.tell(`failed ${task}`);
  }

  /** Waits until a task of another shard is through, or not to be waited for. */
  async awaitTask(task: string, shard: number): Promise<Awaited> {
    const { patienceMs, askEveryMs = ASK_EVERY_MS, longestMs = LONGEST_MS } = this.options;
    const startMs = performance.now();
    const endMs = startMs + longestMs - this.waitedMs;
    try {
      for (;;) {
        if (await this.isTold(`made ${task}`)) return 'made';
        if (await this.isTold(`failed ${task}`)) return 'failed';
        if (await this.isTold(`unstored ${task}`)) return 'unstored';
        const heard = this.heard.get(shard) ?? { signs: 0, atMs: performance.now() };
        this.heard.set(shard, heard);
        const signs = await this.lastSign(shard, heard.signs);
        if (signs > heard.signs) this.heard.set(shard, { signs, atMs: performance.now() });
        else if (performance.now() - heard.atMs > patienceMs) return 'silent';
        if (performance.now() > endMs) return 'late';
        await sleep(askEveryMs);
      }
    } catch (error) {
      if (!isTrouble(error)) throw error;
      return 'away';
    } finally {
      this.waitedMs += performance.now() - startMs;
    }
  }

  /** Gives the first sign, and sees whether others would. */
  private async begin(): Promise<boolean> {
    const { shard, askEveryMs = ASK_EVERY_MS, signEveryMs = SIGN_EVERY_MS } = this.options;
    // One that runs again goes on behind the signs of before.
    let count = (await this.lastSign(shard, 0)) + 1;
    if (!(await this.put(sign(shard, count)))) return false;
    const endMs = performance.now() + UPLOAD_MS;
    while (!(await this.isTold(sign(shard, count)))) {
      if (performance.now() > endMs) return false;
      await sleep(Math.min(askEveryMs, 500));
    }
    const next = async () => {
      await this.retell();
      // One that was refused is given again: the others look only a few ahead.
      if (await this.put(sign(shard, count + 1))) count += 1;
    };
    this.signs = setInterval(() => void next(), signEveryMs).unref();
    return true;
  }

  /** The last sign behind `known`; one may be lost, and those behind it not. */
  private async lastSign(shard: number, known: number): Promise<number> {
    let last = known;
    for (let ahead = 1; ahead <= SIGNS_AHEAD; ahead++) {
      if (!(await this.isTold(sign(shard, last + ahead)))) continue;
      last += ahead;
      ahead = 0;
    }
    return last;
  }

  /** @returns whether nothing is left that could be put anew: all is read back, or the cache is away */
  private async retell(): Promise<boolean> {
    for (const what of [...this.unread]) {
      try {
        if (await this.isTold(what)) this.unread.delete(what);
        else if (!(await this.put(what))) return true;
      } catch (error) {
        if (!isTrouble(error)) throw error;
        return true;
      }
    }
    return this.unread.size === 0;
  }

  private async isStored(hash: string): Promise<boolean> {
    const { askEveryMs = ASK_EVERY_MS, cache } = this.options;
    const endMs = performance.now() + UPLOAD_MS;
    try {
      // Its entry, in the form in which entries are named.
      for (;;) {
        if (await cache.has(hash as Digest)) return true;
        if (performance.now() > endMs) return false;
        await sleep(Math.min(askEveryMs, 500));
      }
    } catch (error) {
      if (!isTrouble(error)) throw error;
      return false;
    }
  }

  /** It is told anew with each sign until it reads back. */
  private async tell(what: string): Promise<void> {
    this.unread.add(what);
    await this.put(what);
  }

  /** Whether the cache took it, which is not yet that it is there. */
  private async put(what: string): Promise<boolean> {
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
      if (isTrouble(error)) throw error;
      // An answer that ends in its middle, or is no entry at all.
      throw new OciError('REMOTE_CACHE', {
        message: `the remote cache answers what cannot be read: ${(error as Error).message}`,
        hint: 'look at its log',
        cause: error,
      });
    }
  }

  private named(what: string): Digest {
    return nameOf(`shards ${this.options.plan} ${what}`);
  }
}

const sign = (shard: number, count: number) => `sign ${shard} ${count}`;

const isTrouble = (error: unknown) => error instanceof OciError;
