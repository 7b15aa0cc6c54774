import { isAscii, isUtf8 } from 'node:buffer';
import { runeAt } from './rune';

/**
 * A Go string is bytes, UTF-8 or not. Here it is a string in which each byte that is no UTF-8 stands
 * as U+DC00 + byte (as Python's surrogateescape has it): every Go string has one text.
 */
export function textOf(bytes: Buffer): string {
  if (isAscii(bytes)) return bytes.toString('latin1');
  if (isUtf8(bytes)) return bytes.toString('utf8');
  const octets = bytes.toString('latin1');
  let text = '';
  for (let at = 0; at < octets.length;) {
    const { size, valid } = runeAt(octets, at);
    text += valid
      ? bytes.toString('utf8', at, at + size)
      : String.fromCharCode(0xdc00 + bytes[at]!);
    at += size;
  }
  return text;
}

// With the u flag a class sees half of a pair only where it stands alone.
const escapedByte = /[\udc80-\udcff]/u;

/** The bytes that `textOf` gives `text` for. */
export function bytesOf(text: string): Buffer {
  if (!escapedByte.test(text)) return Buffer.from(text, 'utf8');
  const parts = [...text].map((character) =>
    escapedByte.test(character)
      ? Buffer.from([character.charCodeAt(0) - 0xdc00])
      : Buffer.from(character, 'utf8'),
  );
  return Buffer.concat(parts);
}

const ascii = /^[\0-\x7f]*$/;

/** The bytes of `text`, each as the character of its number. */
export function octetsOf(text: string): string {
  return ascii.test(text) ? text : bytesOf(text).toString('latin1');
}

/** The text of bytes that are given each as the character of its number: `octetsOf` turned round. */
export function textOfOctets(octets: string): string {
  return ascii.test(octets) ? octets : textOf(Buffer.from(octets, 'latin1'));
}
