/** Bodies that are taken in at once: each may keep a decompressor, its window and some blocks. */
const maxBodies = 32;
/** A sender that takes longer for a block is a slow one. */
const slowMs = 2_000;
const lookMs = 200;

/** One body, as the others see it. */
export interface Sender {
  /** Since when we wait for its next block; null while it waits for us. */
  waitsSinceMs: number | null;
  /** Ends it: what it has sent is not kept. */
  cut(): void;
}

/**
 * Of all uploads, those that may be in memory. Where others wait, the senders that have kept us waiting
 * longest are cut off for them: any number of slow ones costs what `most` of them do.
 */
export class UploadRoom {
  #used = 0;
  readonly #senders = new Set<Sender>();
  readonly #waiting: (() => void)[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(readonly most = maxBodies) {}

  /** Resolves once a body may be read; `leave` is to be called once, whatever happened. */
  async enter(): Promise<void> {
    if (this.#used < this.most) {
      this.#used += 1;
      return;
    }
    await new Promise<void>((go) => {
      this.#waiting.push(go);
      this.#timer ??= setInterval(() => this.#cutSlow(), lookMs).unref();
    });
  }

  add(sender: Sender): void {
    this.#senders.add(sender);
  }

  leave(sender: Sender): void {
    this.#senders.delete(sender);
    const next = this.#waiting.shift();
    if (next) return next();
    this.#used -= 1;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #cutSlow(): void {
    const nowMs = performance.now();
    const slow = [...this.#senders]
      .filter(({ waitsSinceMs }) => waitsSinceMs !== null && nowMs - waitsSinceMs > slowMs)
      .sort((one, other) => one.waitsSinceMs! - other.waitsSinceMs!);
    for (const sender of slow.slice(0, this.#waiting.length)) sender.cut();
  }
}
