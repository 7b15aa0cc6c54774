import { bytesOf, textOf } from '@excel2doc/go-text';

const XATTR = 'SCHILY.xattr.';

/** The records as a PAX header's body, sorted by their keys. */
export function encodePax(records: [string, Buffer][]): Buffer {
  records.sort(([a], [b]) => (a < b ? -1 : 1));
  return Buffer.concat(
    records.map(([key, value]) => {
      const name = bytesOf(key);
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

/**
 * The records of a PAX header in their order; null where it is malformed. A key may come twice: the
 * last one counts to most readers.
 *
 * @see POSIX.1-2017, pax Extended Header: `LENGTH KEY=VALUE\n`
 */
export function decodePax(body: Buffer): [key: string, value: Buffer][] | null {
  const records: [string, Buffer][] = [];
  for (let at = 0; at < body.length;) {
    const space = body.indexOf(0x20, at);
    const digits = space < 0 ? '' : body.toString('latin1', at, space);
    if (!/^[1-9]\d{0,9}$/.test(digits)) return null;
    const end = at + Number(digits);
    const equals = body.indexOf(0x3d, space);
    if (end > body.length || equals < 0 || equals >= end || body[end - 1] !== 0x0a) return null;
    records.push([textOf(body.subarray(space + 1, equals)), body.subarray(equals + 1, end - 1)]);
    at = end;
  }
  return records;
}

/** The record that holds an extended attribute. */
export function xattrRecord(name: string, value: Buffer): [string, Buffer] {
  return [XATTR + name, value];
}

export function xattrsOf(pax: Map<string, Buffer>): Record<string, Buffer> | undefined {
  let xattrs: Record<string, Buffer> | undefined;
  for (const [key, value] of pax) {
    if (key.startsWith(XATTR)) (xattrs ??= {})[key.slice(XATTR.length)] = Buffer.from(value);
  }
  return xattrs;
}
