import { unzstdSync, zstdUnpacker } from './packing';
import { refuse } from './refusal';
import { isOfZlib, UnpackStream } from './unpack-stream';
import { ZstdFrame } from './zstd-frame';

/** Unpacks one zstd frame that streams by, of the kind that `ZstdFrame` takes. */
export class ZstdReader {
  readonly #frame = new ZstdFrame();
  readonly #unpack: UnpackStream;

  constructor(chunkBytes: number, take: (unpacked: Buffer) => void) {
    this.#unpack = new UnpackStream(zstdUnpacker(chunkBytes), take);
  }

  /** Resolves when the block is unpacked and taken; the block is the caller's again. */
  async write(block: Buffer): Promise<void> {
    this.#frame.pass(block);
    await this.#unpack.write(block);
  }

  /** @throws CacheError `ARCHIVE_REFUSED` */
  async end(): Promise<void> {
    this.#frame.end();
    await this.#unpack.end();
  }

  close(): void {
    this.#unpack.close();
  }
}

/**
 * Unpacks a whole frame at once when it is of no more than `maxBytes` unpacked; null when it is more.
 *
 * @throws CacheError `ARCHIVE_REFUSED`
 */
export function unzstdSmall(packed: Buffer, maxBytes: number): Buffer | null {
  const frame = new ZstdFrame();
  frame.pass(packed);
  frame.end();
  try {
    return unzstdSync(packed, maxBytes);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') return null;
    if (!isOfZlib(error)) throw error;
    return refuse('no zstd that can be read');
  }
}
