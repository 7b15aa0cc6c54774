import type { BlobStore } from '../blob/store';
import type { Compression } from '../layer/compression';
import { LayerWriter, type WrittenLayer } from '../layer/writer';
import type { TarEntry } from '../tar/entry';

/** What may wait to be packed, over all layers. */
const MOST_WAITING_BYTES = 16 << 20;

/**
 * Several layers written at once: whoever adds to one goes on while it is packed, so that two cores
 * pack two layers. What waits is bounded.
 */
export class WriterQueue {
  private readonly tails: Promise<void>[];
  private waitingBytes = 0;
  private failure: { error: unknown } | undefined;

  private constructor(private readonly writers: readonly LayerWriter[]) {
    this.tails = writers.map(() => Promise.resolve());
  }

  static async start(store: BlobStore, compression: Compression, count: number) {
    const writers: LayerWriter[] = [];
    for (let at = 0; at < count; at++) writers.push(await LayerWriter.start(store, compression));
    return new WriterQueue(writers);
  }

  /** @param content not changed afterwards */
  async add(at: number, entry: TarEntry, content?: Buffer): Promise<void> {
    if (this.failure) throw this.failure.error;
    const bytes = content?.length ?? 0;
    this.waitingBytes += bytes;
    this.tails[at] = this.tails[at]!.then(async () => {
      if (!this.failure) await this.writers[at]!.add(entry, content);
    })
      .catch((error: unknown) => void (this.failure ??= { error }))
      .finally(() => (this.waitingBytes -= bytes));
    if (this.waitingBytes > MOST_WAITING_BYTES) await this.settled();
  }

  /** For what is too large to wait: comes back when all of it is packed. */
  async addStream(at: number, entry: TarEntry, content: AsyncIterable<Buffer>): Promise<void> {
    await this.tails[at];
    if (this.failure) throw this.failure.error;
    await this.writers[at]!.add(entry, content);
  }

  /** The layers in their order. */
  async finish(): Promise<WrittenLayer[]> {
    await this.settled();
    return Promise.all(this.writers.map((writer) => writer.finish()));
  }

  /** Gives up; after `finish` it does nothing. */
  async discard(): Promise<void> {
    this.failure ??= { error: new Error('given up') };
    await Promise.all(this.tails);
    for (const writer of this.writers) await writer.discard();
  }

  private async settled(): Promise<void> {
    await Promise.all(this.tails);
    if (this.failure) throw this.failure.error;
  }
}
