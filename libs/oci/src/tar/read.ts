import type { Readable } from 'node:stream';
import { textOf } from '@excel2doc/go-text';
import { passed } from '../blob/passed';
import { cleanPath, type EntryType, type TarEntry } from './entry';
import {
  BLOCK,
  damaged,
  decodeDevice,
  decodeHeader,
  decodeRealSize,
  type TarHeader,
  untilNull,
} from './header';
import { decodePax, xattrsOf } from './pax';

/** An entry, and its content for as long as the loop stands on it. */
export interface TarItem {
  entry: TarEntry;
  /** Once, and only before the next entry is asked for; what is not read is skipped. */
  content(): AsyncGenerator<Buffer>;
}

const TYPES: Record<string, EntryType> = {
  '0': 'file',
  '7': 'file',
  S: 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '3': 'character',
  '4': 'block',
  '5': 'directory',
  '6': 'fifo',
};
/** A header that describes the next one is small; more than this is an attack or damage. */
const LARGEST_EXTENSION = 16 << 20;

/**
 * The entries of an uncompressed tar (v7, ustar, GNU or PAX), in their order.
 *
 * @throws OciError `TAR_DAMAGED`
 */
export async function* readTar(stream: Readable | AsyncIterable<Buffer>): AsyncGenerator<TarItem> {
  const reader = new ByteReader(stream);
  const global = new Map<string, Buffer>();
  let pax = new Map<string, Buffer>(global);
  for (;;) {
    const block = await reader.take(BLOCK);
    if (block === null || isZero(block)) break;
    const header = decodeHeader(block);
    const { flag } = header;
    if ('xgLK'.includes(flag)) {
      const body = await extension(reader, header.sizeBytes);
      if (flag === 'L') pax.set('path', untilNull(body));
      else if (flag === 'K') pax.set('linkpath', untilNull(body));
      else {
        const records = decodePax(body);
        if (!records) throw damaged('a PAX header is malformed');
        if (flag === 'g') for (const [key, value] of records) global.set(key, Buffer.from(value));
        for (const [key, value] of records) pax.set(key, Buffer.from(value));
      }
      continue;
    }
    if (flag === 'S' && block[482] === 1) {
      // GNU sparse: more of its map in blocks of their own, each saying whether another follows.
      for (let more = 1; more === 1;) more = (await reader.need(BLOCK))[504]!;
    }
    const { entry, storedBytes } = toEntry(block, header, pax);
    pax = new Map(global);
    let left = storedBytes;
    yield {
      entry,
      async *content() {
        if (entry.sparse)
          throw damaged(`${entry.path} is stored with holes, which is not supported`);
        while (left > 0) {
          const chunk = await reader.upTo(left);
          left -= chunk.length;
          yield chunk;
        }
      },
    };
    while (left > 0) left -= (await reader.upTo(left)).length;
    await reader.skip((BLOCK - (storedBytes % BLOCK)) % BLOCK);
  }
  await reader.drain();
}

function toEntry(block: Buffer, header: TarHeader, pax: Map<string, Buffer>) {
  const { flag } = header;
  const type = TYPES[flag];
  if (!type) throw damaged(`entry type ${JSON.stringify(flag)} is not known`);
  const number = (key: string, otherwise: number) => {
    const value = pax.get(key);
    return value === undefined ? otherwise : Math.floor(Number(value.toString('latin1')));
  };
  const sparse = flag === 'S' || pax.has('GNU.sparse.major') || pax.has('GNU.sparse.map');
  const rawPath = textOf(pax.get('GNU.sparse.name') ?? pax.get('path') ?? header.path);
  const isDirectory = type === 'directory' || (type === 'file' && rawPath.endsWith('/'));
  const path = cleanPath(rawPath);
  if (/(^|\/)\.\.(\/|$)/.test(path)) throw damaged(`path ${rawPath} leaves the root`);
  const storedBytes = type === 'file' && !isDirectory ? number('size', header.sizeBytes) : 0;
  if (!Number.isSafeInteger(storedBytes) || storedBytes < 0) throw damaged(`${path} has no size`);
  const entry: TarEntry = {
    path,
    type: isDirectory ? 'directory' : type,
    mode: header.mode & 0o7777,
    uid: number('uid', header.uid),
    gid: number('gid', header.gid),
    sizeBytes: sparse
      ? number('GNU.sparse.realsize', number('GNU.sparse.size', decodeRealSize(block)))
      : storedBytes,
    mtimeS: number('mtime', header.mtimeS),
  };
  if (type === 'symlink' || type === 'hardlink') {
    const target = textOf(pax.get('linkpath') ?? header.linkPath);
    entry.linkPath = type === 'hardlink' ? cleanPath(target) : target;
  }
  if (type === 'character' || type === 'block') {
    entry.device = decodeDevice(block);
  }
  const xattrs = xattrsOf(pax);
  if (xattrs) entry.xattrs = xattrs;
  if (sparse) entry.sparse = true;
  return { entry, storedBytes };
}

async function extension(reader: ByteReader, size: number): Promise<Buffer> {
  if (!(size >= 0 && size <= LARGEST_EXTENSION)) throw damaged('an extended header is too large');
  const body = Buffer.from(await reader.need(size));
  await reader.skip((BLOCK - (size % BLOCK)) % BLOCK);
  return body;
}

function isZero(block: Buffer): boolean {
  return block[0] === 0 && block.every((byte) => byte === 0);
}

/** Pulls exact lengths out of chunks of any length. */
class ByteReader {
  private readonly source: AsyncIterator<Buffer>;
  private chunk: Buffer = Buffer.alloc(0);

  constructor(stream: AsyncIterable<Buffer>) {
    this.source = stream[Symbol.asyncIterator]();
  }

  /** null where not one byte is left. */
  async take(length: number): Promise<Buffer | null> {
    if (this.chunk.length === 0 && !(await this.fill())) return null;
    return this.need(length);
  }

  async need(length: number): Promise<Buffer> {
    if (this.chunk.length >= length) {
      const taken = this.chunk.subarray(0, length);
      this.chunk = this.chunk.subarray(length);
      return taken;
    }
    const parts: Buffer[] = [];
    for (let left = length; left > 0;) {
      const part = await this.upTo(left);
      parts.push(part);
      left -= part.length;
    }
    return Buffer.concat(parts);
  }

  async upTo(length: number): Promise<Buffer> {
    if (this.chunk.length === 0 && !(await this.fill())) throw damaged('it ends in the middle');
    const taken = this.chunk.subarray(0, length);
    this.chunk = this.chunk.subarray(taken.length);
    return taken;
  }

  async skip(length: number): Promise<void> {
    for (let left = length; left > 0;) left -= (await this.upTo(left)).length;
  }

  async drain(): Promise<void> {
    this.chunk = Buffer.alloc(0);
    while (await this.fill()) this.chunk = Buffer.alloc(0);
  }

  private async fill(): Promise<boolean> {
    while (this.chunk.length === 0) {
      const { done, value } = await this.source.next();
      if (done) return false;
      this.chunk = value;
      passed(value.length);
    }
    return true;
  }
}
