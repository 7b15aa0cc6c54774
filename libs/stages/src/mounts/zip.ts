import { type FileHandle, open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { createInflateRaw } from 'node:zlib';

const END_BYTES = 22;
const CENTRAL_BYTES = 46;
const LOCAL_BYTES = 30;
const MOST_CENTRAL_BYTES = 64 << 20;
const PIECE_BYTES = 1 << 18;

export interface ZipEntry {
  name: string;
  sizeBytes: number;
  /** Its content; it throws where that is not as long as it says. */
  content(): AsyncGenerator<Buffer>;
}

/**
 * The files of a ZIP that every reader reads in one way: no comment, nothing before, between or behind the
 * entries and their directory but data descriptors, each name once. It is there to tell whether a file is
 * what a tool checked, so whatever could be read otherwise is refused.
 *
 * @see APPNOTE.TXT 6.3.10; ZIP64 and encryption are refused
 * @throws Error naming what it is not
 */
export async function* readZip(path: string): AsyncGenerator<ZipEntry> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const end = await bytesAt(file, size - END_BYTES, END_BYTES);
    const count = end.readUInt16LE(10);
    const centralBytes = end.readUInt32LE(12);
    const centralAt = end.readUInt32LE(16);
    const isPlain =
      end.readUInt32LE(0) === 0x06054b50 &&
      end.readUInt32LE(4) === 0 &&
      end.readUInt16LE(8) === count &&
      end.readUInt16LE(20) === 0 &&
      centralAt + centralBytes === size - END_BYTES &&
      centralBytes <= MOST_CENTRAL_BYTES;
    if (!isPlain) throw new Error('it is no plain ZIP');
    const central = await bytesAt(file, centralAt, centralBytes);
    const found = entriesOf(central, count);
    const inPlace = [...found].sort((a, b) => a.localAt - b.localAt);
    for (const [at, entry] of inPlace.entries())
      entry.endAt = inPlace[at + 1]?.localAt ?? centralAt;
    if ((inPlace[0]?.localAt ?? 0) !== 0) throw new Error('something lies before its entries');
    for (const entry of found) yield await opened(file, entry);
  } finally {
    await file.close();
  }
}

interface Found {
  name: string;
  method: number;
  packedBytes: number;
  sizeBytes: number;
  localAt: number;
  /** Where the next one begins. */
  endAt: number;
}

function entriesOf(central: Buffer, count: number): Found[] {
  const names = new Set<string>();
  const found: Found[] = [];
  let at = 0;
  for (let left = count; left > 0; left--) {
    if (central.readUInt32LE(at) !== 0x02014b50) throw new Error('its directory is damaged');
    const nameBytes = central.readUInt16LE(at + 28);
    const name = central.toString('utf8', at + CENTRAL_BYTES, at + CENTRAL_BYTES + nameBytes);
    const method = central.readUInt16LE(at + 10);
    const isEncrypted = (central.readUInt16LE(at + 8) & 1) === 1;
    if (names.has(name) || isEncrypted || (method !== 0 && method !== 8))
      throw new Error(`it has ${name} twice, or in a way that is not read`);
    names.add(name);
    found.push({
      name,
      method,
      packedBytes: central.readUInt32LE(at + 20),
      sizeBytes: central.readUInt32LE(at + 24),
      localAt: central.readUInt32LE(at + 42),
      endAt: 0,
    });
    at += CENTRAL_BYTES + nameBytes + central.readUInt16LE(at + 30) + central.readUInt16LE(at + 32);
  }
  if (at !== central.length) throw new Error('its directory is damaged');
  return found;
}

async function opened(file: FileHandle, entry: Found): Promise<ZipEntry> {
  const { name, localAt, packedBytes, sizeBytes, endAt } = entry;
  const local = await bytesAt(file, localAt, LOCAL_BYTES);
  const nameBytes = local.readUInt16LE(26);
  const said = await bytesAt(file, localAt + LOCAL_BYTES, nameBytes);
  const from = localAt + LOCAL_BYTES + nameBytes + local.readUInt16LE(28);
  // Behind it, a descriptor of 12 to 24 bytes where its header has no lengths.
  const behind = endAt - from - packedBytes;
  const isPlain =
    local.readUInt32LE(0) === 0x04034b50 &&
    local.readUInt16LE(8) === entry.method &&
    said.toString('utf8') === name &&
    behind >= 0 &&
    behind <= ((local.readUInt16LE(6) & 8) === 8 ? 24 : 0);
  if (!isPlain) throw new Error(`${name} is not where the directory says`);
  return {
    name,
    sizeBytes,
    async *content() {
      let left = sizeBytes;
      for await (const chunk of unpacked(file, entry, from)) {
        left -= chunk.length;
        if (left < 0) break;
        yield chunk;
      }
      if (left !== 0) throw new Error(`${name} is not as long as it says`);
    },
  };
}

async function* unpacked(
  file: FileHandle,
  { method, packedBytes }: Found,
  from: number,
): AsyncGenerator<Buffer> {
  const packed = piecesAt(file, from, packedBytes);
  if (method === 0) return yield* packed;
  const source = Readable.from(packed, { objectMode: false });
  const inflate = createInflateRaw();
  source.on('error', (error) => inflate.destroy(error));
  try {
    yield* source.pipe(inflate) as Readable as AsyncIterable<Buffer>;
  } finally {
    source.destroy();
    inflate.destroy();
  }
}

async function* piecesAt(file: FileHandle, from: number, length: number): AsyncGenerator<Buffer> {
  for (let done = 0; done < length; done += PIECE_BYTES)
    yield await bytesAt(file, from + done, Math.min(PIECE_BYTES, length - done));
}

async function bytesAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  if (position < 0) throw new Error('it is too short');
  const bytes = Buffer.alloc(length);
  const { bytesRead } = await file.read(bytes, 0, length, position);
  if (bytesRead !== length) throw new Error('it is too short');
  return bytes;
}
