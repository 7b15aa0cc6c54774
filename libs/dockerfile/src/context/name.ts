import { isUtf8 } from 'node:buffer';

/**
 * A file name as a string: UTF-8, and each byte that is none as U+DC00 + byte (as Python's
 * surrogateescape does), so that every name has one string and every string one name.
 */
export function nameOf(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString('utf8');
  let name = '';
  for (let at = 0; at < bytes.length;) {
    const size = [1, 2, 3, 4].find((length) => isOneCharacter(bytes.subarray(at, at + length)));
    name += size ? bytes.toString('utf8', at, at + size) : String.fromCharCode(0xdc00 + bytes[at]!);
    at += size ?? 1;
  }
  return name;
}

function isOneCharacter(bytes: Buffer): boolean {
  return isUtf8(bytes) && [...bytes.toString('utf8')].length === 1;
}

// With the u flag a class sees half of a pair only where it stands alone.
const escaped = /[\ud800-\udfff]/u;

/** The path for the file system: bytes where a string can't say it. */
export function systemPath(path: string): string | Buffer {
  if (!escaped.test(path)) return path;
  const parts = [...path].map((character) =>
    escaped.test(character)
      ? Buffer.from([character.charCodeAt(0) - 0xdc00])
      : Buffer.from(character),
  );
  return Buffer.concat(parts);
}
