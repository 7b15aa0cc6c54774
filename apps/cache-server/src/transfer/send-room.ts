/** Blocks that all downloads together may hold: 32 MB, whoever reads them and however slowly. */
const maxBlocks = 512;
/** A reader that keeps us waiting for this long is a slow one. */
const slowMs = 1_000;
const lookMs = 200;

/** One download, as the others see it. */
export interface Reader {
  /** Since when its client takes nothing of what was sent; null while we are not waiting for it. */
  waitsSinceMs: number | null;
  /** Whether it kept us waiting the last time. */
  isSlow: boolean;
  /** Blocks that go with it. */
  heldBlocks: number;
  /** Ends it; its client can go on by a range. */
  cut(): void;
}

interface Waiting {
  reader: Reader;
  blocks: number;
  go: () => void;
}

/**
 * The memory of all downloads. Where there is no more, those that have kept us waiting longest are
 * cut off for those that read: readers that take a byte now and then hold little, and nobody waits for
 * them.
 */
export class SendRoom {
  #used = 0;
  readonly #readers = new Set<Reader>();
  readonly #waiting: { fast: Waiting[]; slow: Waiting[] } = { fast: [], slow: [] };
  #timer: NodeJS.Timeout | undefined;

  constructor(readonly most = maxBlocks) {}

  get used(): number {
    return this.#used;
  }

  enter(cut: () => void): Reader {
    const reader = { waitsSinceMs: null, isSlow: false, heldBlocks: 0, cut };
    this.#readers.add(reader);
    return reader;
  }

  leave(reader: Reader): void {
    this.#readers.delete(reader);
  }

  /** Resolves once it may take so many blocks: slow readers after all others. */
  async take(reader: Reader, blocks: number): Promise<void> {
    if (this.#next() === undefined && this.#used + blocks <= this.most) {
      this.#lend({ reader, blocks });
      return;
    }
    await new Promise<void>((go) => {
      this.#waiting[reader.isSlow ? 'slow' : 'fast'].push({ reader, blocks, go });
      this.#timer ??= setInterval(() => this.#cutSlow(), lookMs).unref();
    });
  }

  give(reader: Reader, blocks: number): void {
    this.#used -= blocks;
    reader.heldBlocks -= blocks;
    for (let next = this.#next(); next; next = this.#next()) {
      if (this.#used + next.blocks > this.most) return;
      (this.#waiting.fast[0] === next ? this.#waiting.fast : this.#waiting.slow).shift();
      this.#lend(next);
      next.go();
    }
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Says that its client has taken what was sent. */
  sent(reader: Reader): void {
    reader.isSlow = performance.now() - (reader.waitsSinceMs ?? Infinity) > slowMs;
    reader.waitsSinceMs = null;
  }

  #next(): Waiting | undefined {
    return this.#waiting.fast[0] ?? this.#waiting.slow[0];
  }

  #lend({ reader, blocks }: Omit<Waiting, 'go'>): void {
    this.#used += blocks;
    reader.heldBlocks += blocks;
  }

  /** As many as it takes for those that wait and read. */
  #cutSlow(): void {
    let missing = this.#waiting.fast.reduce((sum, { blocks }) => sum + blocks, 0);
    const nowMs = performance.now();
    const slow = [...this.#readers]
      .filter(({ waitsSinceMs }) => waitsSinceMs !== null && nowMs - waitsSinceMs > slowMs)
      .sort((one, other) => one.waitsSinceMs! - other.waitsSinceMs!);
    for (const reader of slow) {
      if (missing <= 0) return;
      missing -= reader.heldBlocks;
      this.#readers.delete(reader);
      reader.cut();
    }
  }
}
