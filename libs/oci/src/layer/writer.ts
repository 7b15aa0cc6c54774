import type { Transform } from 'node:stream';
import type { BlobDraft, BlobStore } from '../blob/store';
import { type Digest, Hasher } from '../digest';
import type { TarEntry } from '../tar/entry';
import { encodeHeader, END_OF_ARCHIVE, padding } from '../tar/header';
import { type Compression, compressor, gzipSmall, LAYER_MEDIA_TYPES } from './compression';

export interface WrittenLayer {
  digest: Digest;
  /** Digest of the uncompressed tar. */
  diffId: Digest;
  sizeBytes: number;
  mediaType: string;
}

/** Below this a layer is packed in one go; the bytes are the same either way. */
const SMALL_BYTES = 1 << 20;

/** Writes one layer into a store: hashed twice, compressed, never held whole where it is large. */
export class LayerWriter {
  private readonly hasher = new Hasher();
  private pending: Buffer[] = [];
  private pendingBytes = 0;
  private compressing: { transform: Transform; done: Promise<void> } | undefined;

  private constructor(
    private readonly draft: BlobDraft,
    private readonly compression: Compression,
  ) {}

  static async start(store: BlobStore, compression: Compression): Promise<LayerWriter> {
    return new LayerWriter(await store.draft(), compression);
  }

  /** `content` holds exactly `entry.sizeBytes` bytes. */
  async add(entry: TarEntry, content?: Buffer | AsyncIterable<Buffer>): Promise<void> {
    await this.write(encodeHeader(entry));
    if (content === undefined) return;
    if (Buffer.isBuffer(content)) await this.write(content);
    else for await (const chunk of content) await this.write(chunk);
    await this.write(padding(entry.sizeBytes));
  }

  async finish(): Promise<WrittenLayer> {
    await this.write(END_OF_ARCHIVE);
    if (this.compressing || this.compression !== 'gzip') {
      await this.flush();
      // By itself, never with content: zstd writes another last block where it is told of the end early.
      this.compressing!.transform.end();
      await this.compressing!.done;
    } else {
      const whole = Buffer.concat(this.pending);
      this.hasher.update(whole);
      await this.draft.write(gzipSmall(whole));
    }
    const blob = await this.draft.commit();
    return {
      ...blob,
      diffId: this.hasher.digest(),
      mediaType: LAYER_MEDIA_TYPES[this.compression],
    };
  }

  /** Gives up; after `finish` it does nothing. */
  async discard(): Promise<void> {
    this.compressing?.transform.destroy();
    await this.compressing?.done.catch(() => undefined);
    await this.draft.discard();
  }

  private async write(bytes: Buffer): Promise<void> {
    if (bytes.length === 0) return;
    this.pending.push(bytes);
    this.pendingBytes += bytes.length;
    const limit = this.compression === 'gzip' && !this.compressing ? SMALL_BYTES : 1 << 17;
    if (this.pendingBytes >= limit) await this.flush();
  }

  private async flush(): Promise<void> {
    const { transform, done } = (this.compressing ??= this.startCompressing());
    const chunk = Buffer.concat(this.pending);
    this.pending = [];
    this.pendingBytes = 0;
    if (chunk.length === 0) return;
    this.hasher.update(chunk);
    const taken = new Promise<void>((resolve, reject) => {
      transform.write(chunk, (error) => (error ? reject(error) : resolve()));
    });
    // Also when writing fails: a full disk must not leave us waiting.
    await Promise.race([taken, done]);
  }

  private startCompressing() {
    const transform = compressor(this.compression);
    const pump = async () => {
      for await (const chunk of transform as AsyncIterable<Buffer>) await this.draft.write(chunk);
    };
    const done = pump();
    done.catch((error) => transform.destroy(error as Error));
    return { transform, done };
  }
}
