/** A tar entry field by field, as no honest writer would make it. */
export interface RawEntry {
  name: string | Buffer;
  type?: string;
  link?: string | Buffer;
  prefix?: string;
  magic?: string;
  mode?: string;
  mtime?: string;
  /** The size field; the content's length when not given. */
  size?: string;
  checksum?: string;
  content?: Buffer | string;
  /** Leaves out the zeros behind the content. */
  unpadded?: boolean;
}

/** One entry: its header, its content, and what fills its last block. */
export function rawEntry(entry: RawEntry): Buffer {
  const content = Buffer.from(entry.content ?? '');
  const block = Buffer.alloc(512);
  Buffer.from(entry.name).copy(block, 0, 0, 100);
  block.write(entry.mode ?? '0000644\0', 100, 'latin1');
  block.write('0000000\0', 108, 'latin1');
  block.write('0000000\0', 116, 'latin1');
  block.write(entry.size ?? `${content.length.toString(8).padStart(11, '0')}\0`, 124, 12, 'latin1');
  block.write(entry.mtime ?? '00000000000\0', 136, 12, 'latin1');
  block.write(entry.type ?? '0', 156, 'latin1');
  Buffer.from(entry.link ?? '').copy(block, 157, 0, 100);
  block.write(entry.magic ?? 'ustar  \0', 257, 8, 'latin1');
  if (entry.prefix) block.write(entry.prefix, 345, 155, 'utf8');
  const sum = block.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte), 0);
  block.write(entry.checksum ?? `${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  const padding = entry.unpadded ? 0 : (512 - (content.length % 512)) % 512;
  return Buffer.concat([block, content, Buffer.alloc(padding)]);
}

/** A pax record of these pairs; `length` lies about the length of each. */
export function paxData(pairs: [string, string][], lie = 0): Buffer {
  return Buffer.concat(
    pairs.map(([key, value]) => {
      const body = Buffer.byteLength(` ${key}=${value}\n`);
      let length = body + String(body).length;
      length = body + String(length).length;
      return Buffer.from(`${length + lie} ${key}=${value}\n`);
    }),
  );
}

export const rawEnd = Buffer.alloc(1024);

/** What Nx itself adds to an archive. */
export const rawOwn = Buffer.concat([
  rawEntry({ name: 'terminalOutput', content: 'done' }),
  rawEntry({ name: 'code', content: Buffer.alloc(4) }),
]);
