import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { CacheError } from '../error';
import type { UpstreamClient } from '../upstream/upstream-client';
import type { Breaker } from './breaker';
import type { QueuedUpload, UploadQueue } from './upload-queue';

const lanes = 2;
const watchMs = 100;

/** Sends queued uploads behind the run's back; what cannot be sent stays queued. */
export class Uploader {
  readonly #todo: QueuedUpload[] = [];
  readonly #running = new Set<Promise<void>>();
  #movedBytes = 0;

  constructor(
    readonly queue: UploadQueue,
    readonly client: UpstreamClient,
    readonly breaker: Breaker,
  ) {}

  send(upload: QueuedUpload): void {
    this.#todo.push(upload);
    this.#fillLanes();
  }

  /**
   * Waits until all is sent, the upstream has failed, the time is over, or nothing has moved for
   * `stallMs`: one that hangs costs no more than one that is down.
   *
   * @returns whether all was sent that could be
   */
  async drain(withinMs: number, stallMs: number): Promise<boolean> {
    const end = performance.now() + withinMs;
    let moved = this.#movedBytes;
    let movedAtMs = performance.now();
    while (this.#running.size > 0) {
      const nowMs = performance.now();
      if (this.#movedBytes !== moved) [moved, movedAtMs] = [this.#movedBytes, nowMs];
      if (nowMs >= end || nowMs >= movedAtMs + stallMs) return false;
      let timer: NodeJS.Timeout | undefined;
      const over = new Promise<void>((resolve) => (timer = setTimeout(resolve, watchMs)));
      await Promise.race([...this.#running, over]);
      clearTimeout(timer);
    }
    return this.#todo.length === 0;
  }

  #fillLanes(): void {
    while (this.#running.size < lanes && this.#todo.length > 0 && this.breaker.enter()) {
      const work: Promise<void> = this.#sendOne(this.#todo.shift()!).finally(() => {
        this.#running.delete(work);
        this.#fillLanes();
      });
      this.#running.add(work);
    }
  }

  async #sendOne(upload: QueuedUpload): Promise<void> {
    try {
      await this.client.upload(upload.hash, () => this.#counted(upload.path), upload);
      this.breaker.succeeded();
      this.#movedBytes += 1;
      await this.queue.remove(upload);
    } catch (error) {
      if (!(error instanceof CacheError) || error.code !== 'TOKEN_DEAD') {
        this.breaker.failed(error);
        return;
      }
      // Nobody could send it any more.
      this.breaker.died(error);
      for (const dead of [upload, ...this.#todo.splice(0)]) await this.queue.remove(dead);
    }
  }

  #counted(path: string): Readable {
    return createReadStream(path).on('data', (chunk) => (this.#movedBytes += chunk.length));
  }
}
