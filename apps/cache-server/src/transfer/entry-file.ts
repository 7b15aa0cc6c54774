import type { BigIntStats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { leaveBuffers } from '../archive/young-garbage';
import { chunkBytes, sealedBytes, tagBytes, type FileSeal } from '../encryption/file-seal';

/** An open file whose front is an entry's content. */
export interface EntryFile {
  /** Fills the blocks, one after the other, with content from `at` on. @returns how many bytes came */
  readv(blocks: Buffer[], at: number): Promise<number>;
  stat(): Promise<BigIntStats>;
  close(): Promise<void>;
}

/** Content that lies there as it is. */
export class PlainFile implements EntryFile {
  constructor(
    readonly handle: FileHandle,
    readonly sizeBytes: number,
  ) {}

  async readv(blocks: Buffer[], at: number): Promise<number> {
    const { bytesRead } = await this.handle.readv(blocks, at);
    // Behind the content lies the record.
    return Math.max(0, Math.min(bytesRead, this.sizeBytes - at));
  }

  stat(): Promise<BigIntStats> {
    return this.handle.stat({ bigint: true });
  }

  close(): Promise<void> {
    return this.handle.close();
  }
}

/** Room for sealed chunks that are read, kept for the next read: each is too large to be made anew. */
const spare: Buffer[] = [];
const maxSpare = 8;

/** Content that is sealed in chunks; only those that are asked for are opened. */
export class SealedFile implements EntryFile {
  constructor(
    readonly handle: FileHandle,
    readonly sizeBytes: number,
    readonly seal: FileSeal,
  ) {}

  /** @throws when what is there is not what was sealed */
  async readv(blocks: Buffer[], at: number): Promise<number> {
    const wanted = blocks.reduce((sum, { length }) => sum + length, 0);
    const end = Math.min(at + wanted, this.sizeBytes);
    if (at >= end) return 0;
    const first = Math.floor(at / chunkBytes);
    const last = Math.ceil(end / chunkBytes);
    const from = first * (chunkBytes + tagBytes);
    const length = sealedBytes(Math.min(last * chunkBytes, this.sizeBytes)) - from;
    const room = takeRoom(length);
    try {
      const { bytesRead } = await this.handle.read(room, 0, length, from);
      if (bytesRead < length) throw new Error('the file has become shorter');
      const into = new BlockFiller(blocks);
      for (let index = first; index < last; index += 1) {
        const start = (index - first) * (chunkBytes + tagBytes);
        const sealed = room.subarray(start, Math.min(start + chunkBytes + tagBytes, length));
        const content = this.seal.openChunk(sealed, index);
        const base = index * chunkBytes;
        into.add(content.subarray(Math.max(0, at - base), end - base));
      }
      leaveBuffers(length);
      return end - at;
    } finally {
      if (spare.length < maxSpare) spare.push(room);
    }
  }

  stat(): Promise<BigIntStats> {
    return this.handle.stat({ bigint: true });
  }

  close(): Promise<void> {
    return this.handle.close();
  }
}

/** A content as a stream, for those that send it on; may be asked for again. */
export function asStream(body: Buffer | EntryFile, sizeBytes: number): Readable {
  return Readable.from(Buffer.isBuffer(body) ? [body] : partsOf(body, sizeBytes));
}

async function* partsOf(file: EntryFile, sizeBytes: number): AsyncIterable<Buffer> {
  for (let at = 0; at < sizeBytes;) {
    // Whoever takes it may keep it, so that no block is lent.
    const part = Buffer.allocUnsafeSlow(Math.min(chunkBytes, sizeBytes - at));
    const bytes = await file.readv([part], at);
    if (bytes === 0) throw new Error('the file has become shorter');
    yield part.subarray(0, bytes);
    at += bytes;
  }
}

class BlockFiller {
  #block = 0;
  #fill = 0;

  constructor(readonly blocks: Buffer[]) {}

  add(part: Buffer): void {
    for (let at = 0; at < part.length;) {
      const block = this.blocks[this.#block]!;
      const step = part.copy(block, this.#fill, at);
      at += step;
      this.#fill += step;
      if (this.#fill < block.length) continue;
      this.#block += 1;
      this.#fill = 0;
    }
  }
}

function takeRoom(bytes: number): Buffer {
  const room = spare.pop();
  return room && room.length >= bytes ? room : Buffer.allocUnsafeSlow(bytes);
}
