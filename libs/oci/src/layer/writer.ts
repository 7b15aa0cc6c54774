import type { Transform } from 'node:stream';
import type { BlobDraft, BlobStore } from '../blob/store';
import { type Digest, Hasher } from '../digest';
import type { TarEntry } from '../tar/entry';
import { encodeHeader, END_OF_ARCHIVE, padding } from '../tar/header';
import { passed } from '../blob/passed';
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
/** What is hashed and compressed at once. */
const BLOCK_BYTES = 1 << 17;

/** Writes one layer into a store: hashed twice, compressed, never held whole where it is large. */
export class LayerWriter {
  private readonly hasher = new Hasher();
  /** While it may still be packed in one go. */
  private pending: Buffer[] = [];
  private pendingBytes = 0;
  private stream: CompressedStream | undefined;

  private constructor(
    private readonly draft: BlobDraft,
    private readonly compression: Compression,
  ) {}

  static async start(store: BlobStore, compression: Compression): Promise<LayerWriter> {
    return new LayerWriter(await store.draft(), compression);
  }

  /** `content` holds exactly `entry.sizeBytes` bytes; its chunks may be one buffer, filled anew. */
  async add(entry: TarEntry, content?: Buffer | AsyncIterable<Buffer>): Promise<void> {
    await this.write(encodeHeader(entry));
    if (content === undefined) return;
    if (Buffer.isBuffer(content)) await this.write(content);
    else for await (const chunk of content) await this.write(chunk);
    await this.write(padding(entry.sizeBytes));
  }

  async finish(): Promise<WrittenLayer> {
    await this.write(END_OF_ARCHIVE);
    if (!this.stream && this.compression === 'gzip') {
      const whole = Buffer.concat(this.pending);
      this.hasher.update(whole);
      await this.draft.write(gzipSmall(whole));
    } else await (await this.streaming()).end();
    const blob = await this.draft.commit();
    return {
      ...blob,
      diffId: this.hasher.digest(),
      mediaType: LAYER_MEDIA_TYPES[this.compression],
    };
  }

  /** Gives up; after `finish` it does nothing. */
  async discard(): Promise<void> {
    await this.stream?.discard();
    await this.draft.discard();
  }

  private async write(bytes: Buffer): Promise<void> {
    if (this.stream) return this.stream.write(bytes);
    this.pending.push(Buffer.from(bytes));
    this.pendingBytes += bytes.length;
    if (this.pendingBytes >= SMALL_BYTES) await this.streaming();
  }

  /** The stream, to which all that waited was given. */
  private async streaming(): Promise<CompressedStream> {
    if (this.stream) return this.stream;
    const stream = (this.stream = new CompressedStream(this.draft, this.hasher, this.compression));
    const waiting = this.pending;
    this.pending = [];
    for (const bytes of waiting) await stream.write(bytes);
    return stream;
  }
}

/** Compresses block by block into the draft. */
class CompressedStream {
  /** Filled anew each time: buffers that are thrown away pile up until the collector comes. */
  private readonly block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
  private filledBytes = 0;
  private readonly transform: Transform;
  private readonly done: Promise<void>;

  constructor(
    draft: BlobDraft,
    private readonly hasher: Hasher,
    compression: Compression,
  ) {
    const transform = (this.transform = compressor(compression));
    const pump = async () => {
      for await (const chunk of transform as AsyncIterable<Buffer>) await draft.write(chunk);
    };
    this.done = pump();
    this.done.catch((error) => transform.destroy(error as Error));
  }

  async write(bytes: Buffer): Promise<void> {
    for (let from = 0; from < bytes.length;) {
      const taken = bytes.copy(this.block, this.filledBytes, from);
      from += taken;
      this.filledBytes += taken;
      if (this.filledBytes === BLOCK_BYTES) await this.flush();
    }
  }

  async end(): Promise<void> {
    await this.flush();
    // By itself, never with content: zstd writes another last block where it is told of the end early.
    this.transform.end();
    await this.done;
  }

  async discard(): Promise<void> {
    this.transform.destroy();
    await this.done.catch(() => undefined);
  }

  private async flush(): Promise<void> {
    const filled = this.block.subarray(0, this.filledBytes);
    this.filledBytes = 0;
    passed(filled.length);
    if (filled.length === 0) return;
    this.hasher.update(filled);
    const taken = new Promise<void>((resolve, reject) => {
      this.transform.write(filled, (error) => (error ? reject(error) : resolve()));
    });
    // Also when writing fails: a full disk must not leave us waiting.
    await Promise.race([taken, this.done]);
  }
}
