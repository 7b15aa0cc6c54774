/** What Go takes for a byte that is no UTF-8. */
const replacement = 0xfffd;

export interface Rune {
  code: number;
  /** In bytes. */
  size: number;
  /** Not a byte that is no UTF-8. */
  valid: boolean;
}

/**
 * The character that starts at a byte.
 *
 * @param octets one character a byte
 * @see https://pkg.go.dev/unicode/utf8#DecodeRuneInString
 */
export function runeAt(octets: string, at: number): Rune {
  const first = octets.charCodeAt(at);
  if (first < 0x80) return { code: first, size: 1, valid: true };
  const size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  let code = first & (0x7f >> size);
  for (let index = at + 1; index < at + size; index++) {
    const next = octets.charCodeAt(index);
    // NaN past the end.
    if ((next & 0xc0) !== 0x80) return { code: replacement, size: 1, valid: false };
    code = (code << 6) | (next & 0x3f);
  }
  const valid =
    first >= 0xc2 &&
    first <= 0xf4 &&
    code >= [0, 0, 0x80, 0x800, 0x10000][size]! &&
    code <= 0x10ffff &&
    (code < 0xd800 || code > 0xdfff);
  return valid ? { code, size, valid } : { code: replacement, size: 1, valid };
}
