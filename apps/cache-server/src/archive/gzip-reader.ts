import { crc32, createInflateRaw, inflateRawSync } from 'node:zlib';
import { refuse } from './refusal';
import { isOfZlib, UnpackStream } from './unpack-stream';

/** Without name, comment or extra fields: Nx writes none, and readers skip them differently. */
const headerBytes = 10;
const trailerBytes = 8;
const minChunkBytes = 16 * 1024;

/**
 * Unpacks one gzip member that streams by: exactly one, with nothing in front of it or behind it, and
 * of the length and checksum that its end says.
 *
 * @see RFC 1952
 */
export class GzipReader {
  readonly #header = Buffer.alloc(headerBytes);
  /** The last bytes that came, which are the trailer in the end. */
  #tail = Buffer.alloc(0);
  #givenBytes = 0;
  #crc = 0;
  #unpackedBytes = 0;
  readonly #inflate: UnpackStream;

  constructor(
    chunkBytes: number,
    readonly take: (unpacked: Buffer) => void,
  ) {
    const stream = createInflateRaw({ chunkSize: chunkBytes });
    this.#inflate = new UnpackStream(stream, (chunk) => {
      this.#crc = crc32(chunk, this.#crc);
      this.#unpackedBytes += chunk.length;
      this.take(chunk);
    });
  }

  /** Resolves when the block is unpacked and taken; the block is the caller's again. */
  async write(block: Buffer): Promise<void> {
    const missing = headerBytes - this.#givenBytes;
    this.#givenBytes += block.length;
    if (missing > 0) {
      block.copy(this.#header, headerBytes - missing);
      if (block.length < missing) return;
      checkHeader(this.#header);
    }
    const data = missing > 0 ? block.subarray(missing) : block;
    this.#keepTail(data);
    await this.#inflate.write(data);
    if (this.#inflate.isOver && this.#behindBytes() > trailerBytes) refuse('data behind its gzip');
  }

  /** @throws CacheError `ARCHIVE_REFUSED` */
  async end(): Promise<void> {
    await this.#inflate.end();
    if (this.#behindBytes() !== trailerBytes) refuse('a gzip that is cut off');
    checkTrailer(this.#tail, this.#crc, this.#unpackedBytes);
  }

  /** Frees the decompressor. */
  close(): void {
    this.#inflate.close();
  }

  #behindBytes(): number {
    return this.#givenBytes - headerBytes - this.#inflate.usedBytes;
  }

  #keepTail(data: Buffer): void {
    const long = data.length >= trailerBytes;
    const joined = long ? data : Buffer.concat([this.#tail, data]);
    this.#tail = Buffer.from(joined.subarray(-trailerBytes));
  }
}

/**
 * Unpacks a whole gzip at once when it is of no more than `maxBytes` unpacked; null when it is more.
 *
 * @throws CacheError `ARCHIVE_REFUSED`
 */
export function unpackSmall(archive: Buffer, maxBytes: number): Buffer | null {
  if (archive.length < headerBytes + trailerBytes) refuse('a gzip that is cut off');
  checkHeader(archive);
  let consumed: number;
  let unpacked: Buffer;
  try {
    const result = inflateRawSync(archive.subarray(headerBytes), {
      maxOutputLength: maxBytes,
      // Mostly all of it in one piece: what comes in pieces is copied once more.
      chunkSize: Math.max(minChunkBytes, archive.length + archive.length / 64),
      info: true,
    }) as unknown as { buffer: Buffer; engine: { bytesWritten: number } };
    unpacked = result.buffer;
    consumed = result.engine.bytesWritten;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') return null;
    if (!isOfZlib(error)) throw error;
    return refuse('no gzip that can be read');
  }
  const behind = archive.length - headerBytes - consumed;
  if (behind !== trailerBytes)
    refuse(behind > trailerBytes ? 'data behind its gzip' : 'a gzip that is cut off');
  checkTrailer(archive.subarray(-trailerBytes), crc32(unpacked), unpacked.length);
  return unpacked;
}

function checkHeader(header: Buffer): void {
  const isGzip = header[0] === 0x1f && header[1] === 0x8b && header[2] === 8;
  if (!isGzip) refuse('no gzip');
  if (header[3] !== 0) refuse('a gzip with a name, a comment or extra fields');
}

function checkTrailer(trailer: Buffer, crc: number, bytes: number): void {
  if (trailer.readUInt32LE(0) !== crc || trailer.readUInt32LE(4) !== bytes % 2 ** 32)
    refuse('a gzip with a wrong checksum');
}
