import { createReadStream } from 'node:fs';
import type { UpstreamClient } from '../upstream/upstream-client';
import type { Breaker } from './breaker';
import type { QueuedUpload, UploadQueue } from './upload-queue';

const lanes = 2;

/** Sends queued uploads behind the run's back; what cannot be sent stays queued. */
export class Uploader {
  readonly #todo: QueuedUpload[] = [];
  readonly #running = new Set<Promise<void>>();

  constructor(
    readonly queue: UploadQueue,
    readonly client: UpstreamClient,
    readonly breaker: Breaker,
  ) {}

  send(upload: QueuedUpload): void {
    this.#todo.push(upload);
    this.#fillLanes();
  }

  /** Waits until all is sent, the upstream has failed, or the time is over. */
  async drain(withinMs: number): Promise<void> {
    const end = Date.now() + withinMs;
    while (this.#running.size > 0 && Date.now() < end) {
      let timer: NodeJS.Timeout | undefined;
      const over = new Promise<void>((resolve) => (timer = setTimeout(resolve, end - Date.now())));
      await Promise.race([...this.#running, over]);
      clearTimeout(timer);
    }
  }

  #fillLanes(): void {
    while (this.#running.size < lanes && this.#todo.length > 0 && !this.breaker.isOpen) {
      const work: Promise<void> = this.#sendOne(this.#todo.shift()!).finally(() => {
        this.#running.delete(work);
        this.#fillLanes();
      });
      this.#running.add(work);
    }
  }

  async #sendOne(upload: QueuedUpload): Promise<void> {
    try {
      await this.client.upload(upload.hash, () => createReadStream(upload.path), upload.sizeBytes);
      this.breaker.succeeded();
      await this.queue.remove(upload);
    } catch (error) {
      this.breaker.failed(error);
    }
  }
}
