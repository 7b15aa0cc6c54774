import type { Readable } from 'node:stream';
import { CacheError } from '../error';
import { blockBytes, giveBlock, takeBlock } from '../transfer/blocks';
import { beginTransfer, areTransfersFew } from '../transfer/in-flight';
import type { Owner, Sender } from './upload-room';

/** What a sender must bring in each period; below it, holding a connection open costs nothing. */
const progressBytes = 64 * 1024;

/**
 * Reads a body in blocks, a little ahead of its consumer while few are read, and notices a sender
 * that trickles. Once stopped it leaves the body as it is.
 */
export class BodyReader implements Sender {
  waitsSinceMs: number | null = null;
  readonly #ready: Buffer[] = [];
  #filling: Buffer | null = null;
  #fillBytes = 0;
  #ended: boolean;
  #failure: unknown = null;
  #wake: (() => void) | null = null;
  #periodBytes = 0;
  readonly #timer: NodeJS.Timeout;
  readonly #endTransfer = beginTransfer();

  constructor(
    readonly body: Readable,
    readonly stallMs: number,
    readonly owner: Owner,
  ) {
    this.#ended = body.readableEnded;
    // It may have broken before anybody read it.
    if (body.errored) this.#fail(body.errored);
    else if (body.destroyed) this.#close();
    this.#timer = setInterval(() => this.#checkProgress(), stallMs);
    body.on('error', this.#fail);
    body.on('end', this.#end);
    body.on('close', this.#close);
    body.on('data', this.#take);
  }

  /**
   * The next block, full unless it is the last one; null at the end. It is the caller's to give back.
   *
   * @throws CacheError `UPLOAD_STALLED`, `UPLOAD_CUT`, or what the body fails with
   */
  async next(): Promise<Buffer | null> {
    while (this.#ready.length === 0 && !this.#ended && this.#failure === null) {
      this.waitsSinceMs ??= performance.now();
      if (this.body.isPaused()) this.body.resume();
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    this.waitsSinceMs = null;
    if (this.#failure !== null) throw this.#failure;
    const block = this.#ready.shift() ?? this.#takeFilled();
    if (areTransfersFew() && this.#ready.length === 0 && this.body.isPaused()) this.body.resume();
    return block;
  }

  cut(): void {
    const message = 'it came slowly, and others waited';
    this.#fail(new CacheError('UPLOAD_STALLED', { message }));
  }

  stop(): void {
    this.#endTransfer();
    clearInterval(this.#timer);
    this.body.off('data', this.#take);
    this.body.off('end', this.#end);
    this.body.off('close', this.#close);
    this.body.pause();
    const filled = this.#takeFilled();
    if (filled) this.#ready.push(filled);
    this.#ready.splice(0).forEach(giveBlock);
  }

  readonly #take = (chunk: Buffer) => {
    this.#periodBytes += chunk.length;
    for (let at = 0; at < chunk.length;) {
      this.#filling ??= takeBlock();
      const step = chunk.copy(this.#filling, this.#fillBytes, at);
      this.#fillBytes += step;
      at += step;
      if (this.#fillBytes === blockBytes) this.#ready.push(this.#takeFilled()!);
    }
    if (this.#ready.length === 0) return;
    this.body.pause();
    this.#wakeConsumer();
  };

  readonly #end = () => {
    this.#ended = true;
    this.#wakeConsumer();
  };

  readonly #fail = (error: unknown) => {
    this.#failure ??= error;
    this.#wakeConsumer();
  };

  readonly #close = () => {
    if (!this.#ended)
      this.#fail(new CacheError('UPLOAD_CUT', { message: 'the sender went away before the end' }));
  };

  #takeFilled(): Buffer | null {
    const filled = this.#filling?.subarray(0, this.#fillBytes) ?? null;
    this.#filling = null;
    this.#fillBytes = 0;
    return filled;
  }

  #wakeConsumer(): void {
    this.#wake?.();
    this.#wake = null;
  }

  #checkProgress(): void {
    const isWaiting = this.#wake !== null;
    if (isWaiting && this.#periodBytes < progressBytes) {
      const message = `less than 64 KiB came within ${this.stallMs} ms`;
      this.#fail(new CacheError('UPLOAD_STALLED', { message }));
    }
    this.#periodBytes = 0;
  }
}
