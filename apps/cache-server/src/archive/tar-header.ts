import { isUtf8 } from 'node:buffer';

export const tarBlockBytes = 512;

export interface TarHeader {
  /** One character; the old NUL for a file is given as '0'. */
  type: string;
  path: string;
  linkPath: string;
  sizeBytes: number;
  /** Permission bits; 0 where the header has none, as Nx's own for what it adds itself. */
  mode: number;
}

/** The three magics that readers agree on: of POSIX, of GNU, and none at all. */
const magics = { ustar: 'ustar\x0000', gnu: 'ustar  \0', old: '\0'.repeat(8) };

/**
 * Reads a 512-byte tar header; a string says what is wrong with it. What readers take differently
 * (another magic, a binary number, a text that is no UTF-8) is wrong.
 *
 * @see POSIX pax, "ustar Interchange Format"
 */
export function readHeader(block: Buffer): TarHeader | string {
  if (readOctal(block, 148, 8) !== checksum(block)) return 'a header with a wrong checksum';
  const sizeBytes = readOctal(block, 124, 12);
  if (sizeBytes === null) return 'a header without a plain size';
  const magic = block.toString('latin1', 257, 265);
  if (!Object.values(magics).includes(magic)) return 'a header of no known kind';
  const prefix = magic === magics.ustar ? readText(block, 345, 155) : '';
  const name = readText(block, 0, 100);
  const linkPath = readText(block, 157, 100);
  if (prefix === null || name === null || linkPath === null) return 'a name that is no UTF-8';
  return {
    type: block[156] === 0 ? '0' : String.fromCharCode(block[156]!),
    path: prefix === '' ? name : `${prefix}/${name}`,
    linkPath,
    sizeBytes,
    mode: readOctal(block, 100, 8) ?? 0,
  };
}

/** Keys of pax records that change nothing that is unpacked, beside the two that name the entry. */
const harmlessKeys = new Set(['mtime', 'atime', 'ctime', 'uid', 'gid', 'uname', 'gname']);

/**
 * The names in a pax record (`LENGTH KEY=VALUE\n`); a string says what is wrong with it. A value with
 * a line break is: to Rust's tar, with which Nx unpacks, it is the start of another record.
 */
export function readPax(data: Buffer): { path?: string; linkPath?: string } | string {
  if (!isUtf8(data)) return 'a pax record that is no UTF-8';
  const names: { path?: string; linkPath?: string } = {};
  const seen = new Set<string>();
  for (let at = 0; at < data.length;) {
    const space = data.indexOf(0x20, at);
    const digits = space === -1 || space - at > 4 ? '' : data.toString('latin1', at, space);
    const end = at + Number(digits);
    const equals = data.indexOf(0x3d, space);
    if (!/^[1-9]\d*$/.test(digits) || end > data.length || equals === -1 || equals >= end)
      return 'a pax record that cannot be read';
    if (data.indexOf(0x0a, at) !== end - 1) return 'a pax record with a line break in it';
    const key = data.toString('utf8', space + 1, equals);
    const value = data.toString('utf8', equals + 1, end - 1);
    if (seen.has(key)) return `a pax record with ${key} twice`;
    seen.add(key);
    if (key === 'path') names.path = value;
    else if (key === 'linkpath') names.linkPath = value;
    else if (!harmlessKeys.has(key)) return `a pax record of ${key.slice(0, 40)}`;
    at = end;
  }
  return names;
}

/** The name in a GNU long-name record, which one NUL ends; null when another reader could cut it. */
export function readLongName(data: Buffer): string | null {
  const end = data[data.length - 1] === 0 ? data.length - 1 : data.length;
  const name = data.subarray(0, end);
  return name.includes(0) || !isUtf8(name) ? null : name.toString('utf8');
}

/** Writes headers as GNU tar and Nx do, with long names in records of their own. */
export function writeHeader({ type, path, linkPath, sizeBytes, mode }: TarHeader): Buffer {
  const blocks: Buffer[] = [];
  for (const [name, kind] of [
    [linkPath, 'K'],
    [path, 'L'],
  ] as const) {
    if (Buffer.byteLength(name) <= 100) continue;
    const record = Buffer.from(`${name}\0`);
    const long = { path: '././@LongLink', linkPath: '', sizeBytes: record.length, mode: 0o644 };
    blocks.push(headerBlock({ ...long, type: kind }), record, tarPadding(record.length));
  }
  blocks.push(headerBlock({ type, path, linkPath, sizeBytes, mode }));
  return blocks.length === 1 ? blocks[0]! : Buffer.concat(blocks);
}

/** The zeros that fill the last block of `bytes` bytes. */
export function tarPadding(bytes: number): Buffer {
  return zeros.subarray(0, (tarBlockBytes - (bytes % tarBlockBytes)) % tarBlockBytes);
}

const zeros = Buffer.alloc(tarBlockBytes);

/** Of no more than one block. One comparison, not one call for each byte: a tar can be all zeros. */
export function isZero(block: Buffer): boolean {
  return block.equals(zeros.subarray(0, block.length));
}

/** What ends a tar. */
export const tarEnd = Buffer.alloc(2 * tarBlockBytes);

function headerBlock({ type, path, linkPath, sizeBytes, mode }: TarHeader): Buffer {
  const block = Buffer.alloc(tarBlockBytes);
  Buffer.from(path).copy(block, 0, 0, 100);
  block.write(octal(mode, 8), 100, 'latin1');
  block.write(octal(0, 8), 108, 'latin1');
  block.write(octal(0, 8), 116, 'latin1');
  block.write(octal(sizeBytes, 12), 124, 'latin1');
  block.write(octal(0, 12), 136, 'latin1');
  block.write(type, 156, 'latin1');
  Buffer.from(linkPath).copy(block, 157, 0, 100);
  block.write(magics.gnu, 257, 'latin1');
  block.write(`${checksum(block).toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

function octal(value: number, width: number): string {
  return `${value.toString(8).padStart(width - 1, '0')}\0`;
}

/** Null when it is no UTF-8, or when something follows its end. */
function readText(block: Buffer, start: number, length: number): string | null {
  const field = block.subarray(start, start + length);
  const end = field.indexOf(0);
  const text = end === -1 ? field : field.subarray(0, end);
  if (end !== -1 && !isZero(field.subarray(end))) return null;
  return isUtf8(text) ? text.toString('utf8') : null;
}

function readOctal(block: Buffer, start: number, length: number): number | null {
  const text = /^ *([0-7]+)[ \0]*$/.exec(block.toString('latin1', start, start + length));
  return text ? parseInt(text[1]!, 8) : null;
}

function checksum(block: Buffer): number {
  let sum = 8 * 0x20;
  for (let at = 0; at < block.length; at += 1) {
    if (at < 148 || at >= 156) sum += block[at]!;
  }
  return sum;
}
