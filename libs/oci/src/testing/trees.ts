import { Readable } from 'node:stream';
import fc from 'fast-check';
import type { TarEntry } from '../tar/entry';
import { encodeHeader, END_OF_ARCHIVE, padding } from '../tar/header';
import { readTar } from '../tar/read';

export interface Item {
  entry: TarEntry;
  content: Buffer;
}

export function tarOf(items: Item[]): Buffer {
  const parts = items.flatMap(({ entry, content }) => [
    encodeHeader(entry),
    content,
    padding(content.length),
  ]);
  return Buffer.concat([...parts, END_OF_ARCHIVE]);
}

/** Cut into pieces of `chunkBytes`, so that headers fall across their borders. */
export function streamOf(bytes: Buffer, chunkBytes = 700): Readable {
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    chunks.push(bytes.subarray(at, at + chunkBytes));
  }
  return Readable.from(chunks);
}

export async function itemsOf(stream: Readable): Promise<Item[]> {
  const items: Item[] = [];
  for await (const item of readTar(stream)) {
    const parts: Buffer[] = [];
    for await (const chunk of item.content()) parts.push(Buffer.from(chunk));
    items.push({ entry: item.entry, content: Buffer.concat(parts) });
  }
  return items;
}

export function file(path: string, content: string | Buffer, rest: Partial<TarEntry> = {}): Item {
  const bytes = Buffer.from(content);
  const entry = { ...blank(path), type: 'file' as const, sizeBytes: bytes.length, ...rest };
  return { entry, content: bytes };
}

export function directory(path: string, rest: Partial<TarEntry> = {}): Item {
  return {
    entry: { ...blank(path), type: 'directory', mode: 0o755, ...rest },
    content: Buffer.alloc(0),
  };
}

/** An engine gives a file the owner and mode of every hard link to it: `rest` has to be the file's. */
export function link(
  type: 'symlink' | 'hardlink',
  path: string,
  linkPath: string,
  rest: Partial<TarEntry> = {},
): Item {
  const mode = type === 'symlink' ? 0o777 : 0o644;
  return { entry: { ...blank(path), type, linkPath, mode, ...rest }, content: Buffer.alloc(0) };
}

function blank(path: string) {
  return { path, mode: 0o644, uid: 0, gid: 0, sizeBytes: 0, mtimeS: 0 };
}

const name = fc.oneof(
  fc.constantFrom('a', 'b', 'a.txt', 'a-b', '.wh.gone', 'été', '名前', 'x'.repeat(120)),
  fc
    .string({ minLength: 1, maxLength: 12 })
    .filter((text) => !/[\0/]|^\.{1,2}$|^\.wh\./.test(text)),
  fc.uint8Array({ minLength: 1, maxLength: 5 }).map((bytes) => `n${decodeBytes(bytes)}`),
);
const metadata = {
  mode: fc.integer({ min: 0, max: 0o7777 }),
  uid: fc.constantFrom(0, 1000, 0o7777777, 0o10000000, 4294967294),
  gid: fc.constantFrom(0, 33, 2147483648),
  mtimeS: fc.constantFrom(0, 1, 1700000000, 0o77777777777 + 5),
  xattrs: fc.option(
    fc.dictionary(
      fc.constantFrom('user.a', 'security.capability', 'user.été'),
      fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
      { minKeys: 1, noNullPrototype: true },
    ),
    { nil: undefined },
  ),
};

const itemArbitrary: fc.Arbitrary<Item> = fc
  .record({
    path: fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/')),
    type: fc.constantFrom('file', 'directory', 'symlink', 'hardlink', 'fifo', 'character' as const),
    content: fc.uint8Array({ maxLength: 1500 }).map((bytes) => Buffer.from(bytes)),
    target: fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/')),
    ...metadata,
  })
  .map(({ path, type, content, target, xattrs, ...rest }) => {
    const isFile = type === 'file';
    const entry: TarEntry = { path, type, sizeBytes: isFile ? content.length : 0, ...rest };
    if (type === 'symlink' || type === 'hardlink') entry.linkPath = target;
    if (type === 'character') entry.device = { major: 1, minor: 3 };
    if (xattrs) entry.xattrs = xattrs;
    return { entry, content: isFile ? content : Buffer.alloc(0) };
  });

/** Entries of any kind, each path once. */
export const treeArbitrary = fc.uniqueArray(itemArbitrary, {
  maxLength: 12,
  selector: (item) => item.entry.path,
});

function decodeBytes(bytes: Uint8Array): string {
  return [...bytes]
    .map((byte) => (byte < 0x80 ? '' : String.fromCharCode(0xdc00 + byte)))
    .join('z');
}
