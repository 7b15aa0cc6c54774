export interface TarHeader {
  /** One character; the old NUL for a file is given as '0'. */
  type: string;
  path: string;
  linkPath: string;
  sizeBytes: number;
}

/**
 * Reads a 512-byte tar header; a string says what is wrong with it.
 *
 * @see POSIX pax, "ustar Interchange Format"; GNU tar's base-256 numbers
 */
export function readHeader(block: Buffer): TarHeader | string {
  if (readNumber(block, 148, 8) !== checksum(block)) return 'a header with a wrong checksum';
  const sizeBytes = readNumber(block, 124, 12);
  if (sizeBytes === null) return 'a header without a size';
  const isUstar = block.toString('latin1', 257, 265) === 'ustar\x0000';
  const prefix = isUstar ? readText(block, 345, 155) : '';
  const name = readText(block, 0, 100);
  const type = block[156] === 0 ? '0' : String.fromCharCode(block[156]!);
  return {
    type,
    path: prefix === '' ? name : `${prefix}/${name}`,
    linkPath: readText(block, 157, 100),
    sizeBytes,
  };
}

/** The key and value pairs of a pax record (`LENGTH KEY=VALUE\n`), or null when malformed. */
export function readPax(data: Buffer): [key: string, value: string][] | null {
  const pairs: [string, string][] = [];
  let at = 0;
  while (at < data.length) {
    const space = data.indexOf(0x20, at);
    const digits = space === -1 ? '' : data.toString('latin1', at, space);
    if (!/^[1-9]\d{0,5}$/.test(digits)) return null;
    const end = at + Number(digits);
    const equals = data.indexOf(0x3d, space);
    if (end > data.length || data[end - 1] !== 0x0a || equals === -1 || equals >= end) return null;
    pairs.push([
      data.toString('utf8', space + 1, equals),
      data.toString('utf8', equals + 1, end - 1),
    ]);
    at = end;
  }
  return pairs;
}

function readText(block: Buffer, start: number, length: number): string {
  const field = block.subarray(start, start + length);
  const end = field.indexOf(0);
  return field.toString('utf8', 0, end === -1 ? length : end);
}

function readNumber(block: Buffer, start: number, length: number): number | null {
  if (block[start]! === 0x80) {
    const value = block
      .subarray(start + 1, start + length)
      .reduce((sum, byte) => sum * 256 + byte, 0);
    return Number.isSafeInteger(value) ? value : null;
  }
  const text = readText(block, start, length).trim();
  return /^[0-7]+$/.test(text) ? parseInt(text, 8) : null;
}

function checksum(block: Buffer): number {
  let sum = 8 * 0x20;
  for (let at = 0; at < block.length; at += 1) {
    if (at < 148 || at >= 156) sum += block[at]!;
  }
  return sum;
}
