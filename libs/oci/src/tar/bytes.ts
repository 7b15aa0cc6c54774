import { isAscii, isUtf8 } from 'node:buffer';

/**
 * File names are bytes, and text is nearly always UTF-8: so a name is a string, and a byte that is
 * no UTF-8 becomes a lone surrogate U+DC80..U+DCFF (as Python's `surrogateescape`). Lossless both ways.
 */
export function decodeName(bytes: Buffer): string {
  if (isAscii(bytes)) return bytes.toString('latin1');
  if (isUtf8(bytes)) return bytes.toString('utf8');
  let text = '';
  for (let at = 0; at < bytes.length;) {
    const length = sequenceLength(bytes, at);
    text +=
      length === 0
        ? String.fromCharCode(0xdc00 + bytes[at]!)
        : bytes.toString('utf8', at, at + length);
    at += length || 1;
  }
  return text;
}

const LONE_SURROGATE = /(?<![\uD800-\uDBFF])[\uDC80-\uDCFF]/;

export function encodeName(text: string): Buffer {
  if (!LONE_SURROGATE.test(text)) return Buffer.from(text, 'utf8');
  const parts: Buffer[] = [];
  for (const character of text) {
    const code = character.charCodeAt(0);
    const escaped = character.length === 1 && code >= 0xdc80 && code <= 0xdcff;
    parts.push(escaped ? Buffer.from([code - 0xdc00]) : Buffer.from(character, 'utf8'));
  }
  return Buffer.concat(parts);
}

/** Length of the valid UTF-8 sequence at `at`, 0 where there is none. */
function sequenceLength(bytes: Buffer, at: number): number {
  for (let length = 1; length <= 4 && at + length <= bytes.length; length++) {
    if (isUtf8(bytes.subarray(at, at + length))) return length;
  }
  return 0;
}
