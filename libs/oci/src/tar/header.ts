import { isAscii } from 'node:buffer';
import { bytesOf } from '@excel2doc/go-text';
import { OciError } from '../error';
import type { EntryType, TarEntry } from './entry';
import { encodePax, xattrRecord } from './pax';

export const BLOCK = 512;

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
  const path = bytesOf(
    entry.path === '' ? './' : entry.type === 'directory' ? `${entry.path}/` : entry.path,
  );
  const link = bytesOf(entry.linkPath ?? '');
  const records: [string, Buffer][] = [];
  const text = (key: string, value: number | Buffer) =>
    records.push([key, Buffer.isBuffer(value) ? value : Buffer.from(String(value))]);

  if (path.length > 100 || !isAscii(path)) text('path', path);
  if (link.length > 100 || !isAscii(link)) text('linkpath', link);
  if (entry.sizeBytes > 0o77777777777) text('size', entry.sizeBytes);
  if (entry.uid > 0o7777777) text('uid', entry.uid);
  if (entry.gid > 0o7777777) text('gid', entry.gid);
  if (entry.mtimeS > 0o77777777777 || entry.mtimeS < 0) text('mtime', entry.mtimeS);
  for (const [name, value] of Object.entries(entry.xattrs ?? {}))
    records.push(xattrRecord(name, value));

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

/** What one header block says by itself: a PAX header or GNU's long names may say otherwise. */
export interface TarHeader {
  /** The type's flag as it stands, `0` for the NUL of the oldest archives. */
  flag: string;
  path: Buffer;
  linkPath: Buffer;
  mode: number;
  uid: number;
  gid: number;
  sizeBytes: number;
  mtimeS: number;
}

/**
 * Reads a header block of v7, ustar or GNU tar.
 *
 * @throws OciError `TAR_DAMAGED` where the checksum or a number is wrong
 * @see POSIX.1-2017, pax: ustar Interchange Format; GNU tar's base-256 numbers
 */
export function decodeHeader(block: Buffer): TarHeader {
  if (fieldNumber(block, 148, 8) !== checksum(block)) throw damaged('a header fails its checksum');
  const number = (name: string, at: number, width: number) => {
    const value = fieldNumber(block, at, width);
    if (Number.isSafeInteger(value)) return value;
    throw damaged(`a header's ${name} is no number`);
  };
  const flag = String.fromCharCode(block[156]!);
  const sizeBytes = number('size', 124, 12);
  if (sizeBytes < 0) throw damaged("a header's size is below 0");
  return {
    flag: flag === '\0' ? '0' : flag,
    path: headerPath(block),
    linkPath: untilNull(block.subarray(157, 257)),
    mode: number('mode', 100, 8),
    uid: number('uid', 108, 8),
    gid: number('gid', 116, 8),
    sizeBytes,
    mtimeS: number('time', 136, 12),
  };
}

/** Of a character or block device; others may have anything in these fields. */
export function decodeDevice(block: Buffer): { major: number; minor: number } {
  return { major: fieldNumber(block, 329, 8), minor: fieldNumber(block, 337, 8) };
}

/** GNU sparse: the size of the file with its holes. */
export function decodeRealSize(block: Buffer): number {
  return fieldNumber(block, 483, 12);
}

/**
 * Whether a file begins as a tar may: with a checksum in octal digits, which few other files have. It
 * is not compared, because readers differ in how they sum.
 */
export function looksLikeHeader(block: Buffer): boolean {
  return /^[ 0]*[0-7]+[ \0]/.test(block.toString('latin1', 148, 156));
}

function headerPath(block: Buffer): Buffer {
  const name = untilNull(block.subarray(0, 100));
  const isUstar = block.toString('latin1', 257, 263) === 'ustar\0';
  const prefix = isUstar ? untilNull(block.subarray(345, 500)) : Buffer.alloc(0);
  return prefix.length === 0 ? name : Buffer.concat([prefix, Buffer.from('/'), name]);
}

/** Octal text, or GNU's base-256 where the first bit is set; NaN for what is neither. */
function fieldNumber(block: Buffer, at: number, width: number): number {
  if (block[at]! & 0x80) {
    let value = block[at]! & 0x40 ? -1 : block[at]! & 0x3f;
    for (let next = at + 1; next < at + width; next++) value = value * 256 + block[next]!;
    return value;
  }
  const field = block.toString('latin1', at, at + width).replace(/^[\0 ]+|[\0 ]+$/g, '');
  const [text = ''] = field.split('\0');
  if (text === '') return 0;
  return /^[0-7]+$/.test(text) ? parseInt(text, 8) : NaN;
}

/** A name as a header or GNU's long names have it: up to its first NUL. */
export function untilNull(bytes: Buffer): Buffer {
  const end = bytes.indexOf(0);
  return end < 0 ? bytes : bytes.subarray(0, end);
}

export function damaged(message: string): OciError {
  return new OciError('TAR_DAMAGED', { message: `tar: ${message}` });
}

/** The sum of all bytes, with the checksum's own field as spaces. */
function checksum(block: Buffer): number {
  let sum = 8 * 0x20;
  for (let at = 0; at < 148; at++) sum += block[at]!;
  for (let at = 156; at < BLOCK; at++) sum += block[at]!;
  return sum;
}
