import { nameBounds } from './limits';
import { refuse } from './refusal';
import {
  isZero,
  readHeader,
  readLongName,
  readPax,
  tarBlockBytes,
  type TarHeader,
} from './tar-header';

/** Writers fill a record of 10 KiB with zeros, some a larger one. */
const maxZeroBlocks = 128;

export interface TarSink {
  /** An entry; its content follows. */
  entry(header: TarHeader): void;
  /** A part of the entry's content; not the sink's to keep. */
  content(part: Buffer): void;
  /** The entry has been read to its end. */
  entryEnd(): void;
}

/**
 * Reads a tar as it streams and gives it on entry by entry. What two readers could take differently
 * (a size given twice, a name given twice, data behind the end) is refused.
 *
 * @see POSIX pax, "ustar Interchange Format", and GNU tar's long names (types L and K)
 */
export class TarReader {
  readonly #block = Buffer.alloc(tarBlockBytes);
  #blockFill = 0;
  #contentBytes = 0;
  #paddingBytes = 0;
  #inEntry = false;
  #record: { type: string; data: Buffer; fill: number } | null = null;
  #names: { path?: string; linkPath?: string } = {};
  #hasNames = false;
  #zeroBlocks = 0;

  constructor(readonly sink: TarSink) {}

  /** @throws CacheError `ARCHIVE_REFUSED` */
  push(chunk: Buffer): void {
    for (let at = 0; at < chunk.length;) {
      const rest = chunk.length - at;
      if (this.#record && this.#record.fill < this.#record.data.length) {
        at += this.#takeRecord(chunk.subarray(at));
      } else if (this.#contentBytes > 0) {
        const step = Math.min(this.#contentBytes, rest);
        this.sink.content(chunk.subarray(at, at + step));
        this.#contentBytes -= step;
        at += step;
        if (this.#contentBytes === 0) this.#endEntry();
      } else if (this.#paddingBytes > 0) {
        const step = Math.min(this.#paddingBytes, rest);
        this.#paddingBytes -= step;
        at += step;
      } else {
        const step = Math.min(tarBlockBytes - this.#blockFill, rest);
        chunk.copy(this.#block, this.#blockFill, at, at + step);
        this.#blockFill += step;
        at += step;
        if (this.#blockFill === tarBlockBytes) this.#takeBlock();
      }
    }
  }

  /** @throws CacheError `ARCHIVE_REFUSED` when it stops in the middle of an entry */
  end(): void {
    const isCut = this.#contentBytes > 0 || this.#paddingBytes > 0 || this.#blockFill > 0;
    if (isCut || this.#record) refuse('a tar that is cut off');
    if (this.#hasNames) refuse('a name without an entry');
  }

  #takeBlock(): void {
    this.#blockFill = 0;
    if (isZero(this.#block)) {
      this.#zeroBlocks += 1;
      if (this.#zeroBlocks > maxZeroBlocks) refuse('more zeros at its end than a tar has');
      return;
    }
    if (this.#zeroBlocks > 0) refuse('data behind the end of the tar');
    const header = readHeader(this.#block);
    if (typeof header === 'string') return refuse(header);
    const { type, sizeBytes } = header;
    this.#paddingBytes = (tarBlockBytes - (sizeBytes % tarBlockBytes)) % tarBlockBytes;
    if (type === 'x' || type === 'L' || type === 'K') {
      if (sizeBytes === 0 || sizeBytes > nameBounds.recordBytes)
        refuse(`a name record of ${sizeBytes} bytes`);
      this.#record = { type, data: Buffer.alloc(sizeBytes), fill: 0 };
      return;
    }
    this.sink.entry({ ...header, ...this.#names });
    this.#names = {};
    this.#hasNames = false;
    this.#inEntry = true;
    this.#contentBytes = sizeBytes;
    if (sizeBytes === 0) this.#endEntry();
  }

  #endEntry(): void {
    if (this.#inEntry) this.sink.entryEnd();
    this.#inEntry = false;
  }

  #takeRecord(rest: Buffer): number {
    const record = this.#record!;
    const step = rest.copy(record.data, record.fill);
    record.fill += step;
    if (record.fill === record.data.length) {
      this.#record = null;
      this.#applyRecord(record.type, record.data);
    }
    return step;
  }

  #applyRecord(type: string, data: Buffer): void {
    this.#hasNames = true;
    if (type === 'x') {
      const pax = readPax(data);
      if (typeof pax === 'string') return refuse(pax);
      if (pax.path !== undefined) this.#override('path', pax.path);
      if (pax.linkPath !== undefined) this.#override('linkPath', pax.linkPath);
      return;
    }
    const name = readLongName(data) ?? refuse('a long name that readers could cut');
    this.#override(type === 'L' ? 'path' : 'linkPath', name);
  }

  #override(which: 'path' | 'linkPath', value: string): void {
    if (this.#names[which] !== undefined) refuse('an entry named twice');
    this.#names[which] = value;
  }
}
