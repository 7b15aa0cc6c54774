import { constants, crc32, deflateRawSync } from 'node:zlib';

/** Packed at a time. Each window stands by itself, so that nothing is kept between two of them. */
const windowBytes = 128 * 1024;
/** What a stored block of deflate takes at most. @see RFC 1951, section 3.2.4 */
const storedBytes = 65_535;
/** Windows of writers that are done: each is too large to be made anew for every small archive. */
const spare: Buffer[] = [];
const maxSpare = 4;
const header = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);
const finalBlock = Buffer.from([1, 0, 0, 0xff, 0xff]);

/**
 * Writes a gzip. What its sender could not pack is stored as it is: to try again would take longer
 * than all the rest.
 */
export class GzipWriter {
  #window: Buffer | null = spare.pop() ?? Buffer.allocUnsafeSlow(windowBytes);
  #fill = 0;
  #crc = 0;
  #bytes = 0;
  #started = false;

  constructor(
    readonly take: (packed: Buffer) => void,
    /** Whether packing this much more is of use; asked for each window. */
    readonly isWorthPacking: (windowBytes: number) => boolean,
  ) {}

  write(data: Buffer): void {
    for (let at = 0; at < data.length;) {
      const step = data.copy(this.#window!, this.#fill, at);
      this.#fill += step;
      at += step;
      if (this.#fill === windowBytes) this.#flush();
    }
  }

  end(): void {
    this.#flush();
    const trailer = Buffer.alloc(8);
    trailer.writeUInt32LE(this.#crc, 0);
    trailer.writeUInt32LE(this.#bytes % 2 ** 32, 4);
    this.take(Buffer.concat([finalBlock, trailer]));
  }

  /** To be called once, when nothing more is written, whatever happened. */
  release(): void {
    if (this.#window && spare.length < maxSpare) spare.push(this.#window);
    this.#window = null;
  }

  #flush(): void {
    if (!this.#started) this.take(header);
    this.#started = true;
    const data = this.#window!.subarray(0, this.#fill);
    this.#fill = 0;
    if (data.length === 0) return;
    this.#crc = crc32(data, this.#crc);
    this.#bytes += data.length;
    if (this.isWorthPacking(data.length)) {
      this.take(deflateRawSync(data, { level: 1, finishFlush: constants.Z_SYNC_FLUSH }));
      return;
    }
    for (let at = 0; at < data.length; at += storedBytes) {
      const part = data.subarray(at, at + storedBytes);
      const head = Buffer.alloc(5);
      head.writeUInt16LE(part.length, 1);
      head.writeUInt16LE(0xffff - part.length, 3);
      this.take(head);
      this.take(part);
    }
  }
}
