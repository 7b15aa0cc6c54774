import { isAscii } from 'node:buffer';
import { decodeName, encodeName } from './bytes';
import type { EntryType, TarEntry } from './entry';

export const BLOCK = 512;
const XATTR = 'SCHILY.xattr.';

const TYPE_FLAGS: Record<EntryType, string> = {
  file: '0',
  hardlink: '1',
  symlink: '2',
  character: '3',
  block: '4',
  directory: '5',
  fifo: '6',
};

/**
 * An entry's header blocks: ustar, with a PAX header in front where ustar cannot hold it. The same
 * entry always gives the same bytes; user and group names, and times below a second, are left out.
 *
 * @see POSIX.1-2017, pax: ustar Interchange Format and pax Extended Header
 */
export function encodeHeader(entry: TarEntry): Buffer {
  const path = encodeName(
    entry.path === '' ? './' : entry.type === 'directory' ? `${entry.path}/` : entry.path,
  );
  const link = encodeName(entry.linkPath ?? '');
  const records: [string, Buffer][] = [];
  const text = (key: string, value: number | Buffer) =>
    records.push([key, Buffer.isBuffer(value) ? value : Buffer.from(String(value))]);

  if (path.length > 100 || !isAscii(path)) text('path', path);
  if (link.length > 100 || !isAscii(link)) text('linkpath', link);
  if (entry.sizeBytes > 0o77777777777) text('size', entry.sizeBytes);
  if (entry.uid > 0o7777777) text('uid', entry.uid);
  if (entry.gid > 0o7777777) text('gid', entry.gid);
  if (entry.mtimeS > 0o77777777777 || entry.mtimeS < 0) text('mtime', entry.mtimeS);
  for (const [name, value] of Object.entries(entry.xattrs ?? {})) text(XATTR + name, value);

  const header = ustar(entry, path, link);
  if (records.length === 0) return header;
  const body = encodePax(records);
  const pax = ustar(
    {
      path: '',
      type: 'file',
      mode: 0o644,
      uid: 0,
      gid: 0,
      sizeBytes: body.length,
      mtimeS: 0,
    },
    Buffer.from('PaxHeaders.0'),
    Buffer.alloc(0),
    'x',
  );
  return Buffer.concat([pax, body, padding(body.length), header]);
}

/** What fills a content of that size up to a whole block. */
export function padding(sizeBytes: number): Buffer {
  return ZEROS.subarray(0, (BLOCK - (sizeBytes % BLOCK)) % BLOCK);
}

const ZEROS = Buffer.alloc(2 * BLOCK);
export const END_OF_ARCHIVE = ZEROS;

function ustar(entry: TarEntry, path: Buffer, link: Buffer, flag = TYPE_FLAGS[entry.type]): Buffer {
  const block = Buffer.alloc(BLOCK);
  path.copy(block, 0, 0, 100);
  octal(block, 100, 8, entry.mode);
  octal(block, 108, 8, entry.uid);
  octal(block, 116, 8, entry.gid);
  octal(block, 124, 12, entry.sizeBytes);
  octal(block, 136, 12, entry.mtimeS);
  block.fill(' ', 148, 156);
  block.write(flag, 156, 'latin1');
  link.copy(block, 157, 0, 100);
  block.write('ustar\x0000', 257, 'latin1');
  octal(block, 329, 8, entry.device?.major ?? 0);
  octal(block, 337, 8, entry.device?.minor ?? 0);
  block.write(`${checksum(block).toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

/** A number that does not fit is 0 here and stands in the PAX header. */
function octal(block: Buffer, at: number, width: number, value: number): void {
  const digits = value >= 0 ? value.toString(8) : '0';
  block.write((digits.length < width ? digits : '0').padStart(width - 1, '0'), at, 'latin1');
}

/** The sum of all bytes, with the checksum's own field as spaces. */
export function checksum(block: Buffer): number {
  let sum = 8 * 0x20;
  for (let at = 0; at < 148; at++) sum += block[at]!;
  for (let at = 156; at < BLOCK; at++) sum += block[at]!;
  return sum;
}

function encodePax(records: [string, Buffer][]): Buffer {
  records.sort(([a], [b]) => (a < b ? -1 : 1));
  return Buffer.concat(
    records.map(([key, value]) => {
      const name = encodeName(key);
      const rest = name.length + value.length + 3;
      let length = rest + String(rest).length;
      if (String(length).length !== String(rest).length) length = rest + String(length).length;
      return Buffer.concat([
        Buffer.from(`${length} `),
        name,
        Buffer.from('='),
        value,
        Buffer.from('\n'),
      ]);
    }),
  );
}

/** The records of a PAX header; null where it is malformed. */
export function decodePax(body: Buffer): Map<string, Buffer> | null {
  const records = new Map<string, Buffer>();
  for (let at = 0; at < body.length;) {
    const space = body.indexOf(0x20, at);
    const length = space < 0 ? NaN : Number(body.toString('latin1', at, space));
    const equals = body.indexOf(0x3d, space);
    const end = at + length;
    if (
      !(length > 0) ||
      end > body.length ||
      equals < 0 ||
      equals >= end ||
      body[end - 1] !== 0x0a
    ) {
      return null;
    }
    records.set(decodeName(body.subarray(space + 1, equals)), body.subarray(equals + 1, end - 1));
    at = end;
  }
  return records;
}

export function xattrsOf(pax: Map<string, Buffer>): Record<string, Buffer> | undefined {
  let xattrs: Record<string, Buffer> | undefined;
  for (const [key, value] of pax) {
    if (key.startsWith(XATTR)) (xattrs ??= {})[key.slice(XATTR.length)] = Buffer.from(value);
  }
  return xattrs;
}
