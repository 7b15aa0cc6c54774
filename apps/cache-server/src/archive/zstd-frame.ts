import { maxWindowBytes } from './packing';
import { refuse } from './refusal';

const magic = 0xfd2fb528;
const headerMost = 14;
const blockHeaderBytes = 3;
const checksumBytes = 4;
const maxBlockBytes = 128 * 1024;

/**
 * Follows a zstd frame as it streams by, without unpacking it: exactly one frame, with a checksum and
 * no dictionary, of a window that costs little, and nothing in front of it, behind it or missing.
 * Decompressors skip what they do not know, and end well in the middle of a frame's end.
 *
 * @see RFC 8878, section 3.1
 */
export class ZstdFrame {
  readonly #head = Buffer.alloc(headerMost);
  #headFill = 0;
  /** What is read next; null once the frame is over. */
  #next: 'frame' | 'block' | 'checksum' | null = 'frame';
  /** Bytes of a block's content that are passed over. */
  #skip = 0;
  #isLast = false;

  /** @throws CacheError `ARCHIVE_REFUSED`, before a decompressor is to see the part */
  pass(part: Buffer): void {
    for (let at = 0; at < part.length;) {
      if (this.#next === null) refuse('data behind its zstd frame');
      if (this.#skip > 0) {
        const step = Math.min(this.#skip, part.length - at);
        this.#skip -= step;
        at += step;
      } else {
        const step = Math.min(this.#headBytes() - this.#headFill, part.length - at);
        part.copy(this.#head, this.#headFill, at, at + step);
        this.#headFill += step;
        at += step;
        if (this.#headFill === this.#headBytes()) this.#readHead();
      }
      if (this.#skip === 0 && this.#headFill === 0 && this.#isLast && this.#next === 'block')
        this.#next = 'checksum';
    }
  }

  /** @throws CacheError `ARCHIVE_REFUSED` */
  end(): void {
    if (this.#next !== null) refuse('a zstd frame that is cut off');
  }

  /** As far as is known by now: the frame's own header says how long it is. */
  #headBytes(): number {
    if (this.#next === 'block') return blockHeaderBytes;
    if (this.#next === 'checksum') return checksumBytes;
    return this.#headFill < 5 ? 5 : 5 + sizesIn(this.#head[4]!).total;
  }

  #readHead(): void {
    if (this.#next === 'frame') {
      readFrameHeader(this.#head);
      requireSmallWindow(this.#head);
      this.#next = 'block';
    } else if (this.#next === 'block') this.#readBlockHeader();
    else this.#next = null;
    this.#headFill = 0;
  }

  #readBlockHeader(): void {
    const header = this.#head.readUIntLE(0, blockHeaderBytes);
    const [kind, bytes] = [(header >> 1) & 3, header >> 3];
    if (kind === 3 || bytes > maxBlockBytes) refuse('a zstd block that is none');
    this.#isLast = (header & 1) === 1;
    this.#skip = kind === 1 ? 1 : bytes;
  }
}

function readFrameHeader(head: Buffer): void {
  if (head.readUInt32LE(0) !== magic) refuse('no zstd');
  const descriptor = head[4]!;
  if ((descriptor & 0b11) !== 0) refuse('a zstd frame with a dictionary');
  if ((descriptor & 0b11000) !== 0) refuse('a zstd frame of an unknown kind');
  if ((descriptor & 0b100) === 0) refuse('a zstd frame without a checksum');
}

/** How long the parts behind the descriptor are. */
function sizesIn(descriptor: number): { window: number; content: number; total: number } {
  const isSingle = (descriptor & 0b100000) !== 0;
  const flag = descriptor >> 6;
  const window = isSingle ? 0 : 1;
  const content = flag === 0 ? Number(isSingle) : 2 ** flag;
  return { window, content, total: window + content };
}

function requireSmallWindow(head: Buffer): void {
  const { window, content } = sizesIn(head[4]!);
  if (windowBytesIn(head, window, content) > maxWindowBytes)
    refuse(`a zstd frame with a window of more than ${maxWindowBytes} bytes`);
}

function windowBytesIn(head: Buffer, window: number, content: number): number {
  if (window === 1) {
    const base = 2 ** (10 + (head[5]! >> 3));
    return base + (base / 8) * (head[5]! & 7);
  }
  if (content === 8) return Number(head.readBigUInt64LE(5));
  return head.readUIntLE(5, content) + (content === 2 ? 256 : 0);
}
