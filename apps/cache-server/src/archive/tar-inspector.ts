import { CacheError } from '../error';
import { pathParts, refusedLink, refusedPath } from './entry-path';
import { readHeader, readPax, type TarHeader } from './tar-header';

const blockBytes = 512;
/** A pax or GNU name record is a path or two; a longer one is an attack on the inspector. */
const maxRecordBytes = 64 * 1024;
const maxOutputs = 8;

interface Overrides {
  path?: string;
  linkPath?: string;
}

/**
 * Reads a tar as it streams and throws at the first entry that Nx must not unpack. It keeps no file
 * content. It is stricter than an unpacker on purpose: what two readers could take differently
 * (a size given twice, a name given twice, data behind the end) is refused.
 *
 * @see POSIX pax, "ustar Interchange Format", and GNU tar's long names (types L and K)
 */
export class TarInspector {
  entries = 0;
  /** The first few output paths, at most three folders deep, in the archive's order. */
  readonly outputs = new Set<string>();

  readonly #block = Buffer.alloc(blockBytes);
  #blockFill = 0;
  #skip = 0;
  #record: { header: TarHeader; chunks: Buffer[]; missing: number } | null = null;
  #overrides: Overrides = {};
  readonly #links = new Set<string>();
  #ended = false;

  constructor(readonly maxEntries: number) {}

  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#record && this.#record.missing > 0) {
        at += this.#takeRecord(chunk.subarray(at));
      } else if (this.#skip > 0) {
        const step = Math.min(this.#skip, chunk.length - at);
        this.#skip -= step;
        at += step;
      } else {
        const step = Math.min(blockBytes - this.#blockFill, chunk.length - at);
        chunk.copy(this.#block, this.#blockFill, at, at + step);
        this.#blockFill += step;
        at += step;
        if (this.#blockFill === blockBytes) this.#takeBlock();
      }
    }
  }

  /** Throws when the tar stops in the middle of an entry, or has none. */
  end(): void {
    if (this.#skip > 0 || this.#blockFill > 0 || this.#record) refuse('a tar that is cut off');
    if (this.entries === 0) refuse('a tar without entries');
  }

  #takeBlock(): void {
    this.#blockFill = 0;
    if (this.#block.every((byte) => byte === 0)) {
      this.#ended = true;
      return;
    }
    if (this.#ended) refuse('data behind the end of the tar');
    const header = readHeader(this.#block);
    if (typeof header === 'string') return refuse(header);
    const padded = Math.ceil(header.sizeBytes / blockBytes) * blockBytes;
    if (['x', 'g', 'L', 'K'].includes(header.type)) {
      if (header.sizeBytes > maxRecordBytes) refuse('a name record over 64 KiB');
      this.#record = { header, chunks: [], missing: header.sizeBytes };
      this.#skip = padded - header.sizeBytes;
      if (header.sizeBytes === 0) this.#applyRecord();
      return;
    }
    this.#takeEntry(header);
    this.#skip = padded;
  }

  #takeRecord(rest: Buffer): number {
    const record = this.#record!;
    const part = rest.subarray(0, record.missing);
    record.chunks.push(Buffer.from(part));
    record.missing -= part.length;
    if (record.missing === 0) this.#applyRecord();
    return part.length;
  }

  #applyRecord(): void {
    const { header, chunks } = this.#record!;
    this.#record = null;
    const data = Buffer.concat(chunks);
    if (header.type === 'L') return this.#override('path', data.toString().replace(/\0$/, ''));
    if (header.type === 'K') return this.#override('linkPath', data.toString().replace(/\0$/, ''));
    for (const [key, value] of readPax(data) ?? refuse('a pax record that cannot be read')) {
      const renames = key === 'path' || key === 'linkpath';
      if (key === 'size' || key.startsWith('GNU.sparse') || (renames && header.type === 'g')) {
        refuse(`a pax record of ${key}`);
      }
      if (renames) this.#override(key === 'path' ? 'path' : 'linkPath', value);
    }
  }

  #override(name: keyof Overrides, value: string): void {
    if (this.#overrides[name] !== undefined) refuse('an entry named twice');
    this.#overrides[name] = value;
  }

  #takeEntry(header: TarHeader): void {
    const path = this.#overrides.path ?? header.path;
    const linkPath = this.#overrides.linkPath ?? header.linkPath;
    this.#overrides = {};
    this.entries += 1;
    if (this.entries > this.maxEntries) refuse(`more than ${this.maxEntries} entries`);

    const bad = refusedPath(path);
    if (bad) refuse(bad, path);
    const parts = pathParts(path);
    if (this.#links.size > 0) {
      for (let depth = 1; depth <= parts.length; depth += 1) {
        if (this.#links.has(parts.slice(0, depth).join('/'))) refuse('a path through a link', path);
      }
    }
    switch (header.type) {
      case '0':
      case '5':
        break;
      case '2': {
        const badLink = refusedLink(path, linkPath);
        if (badLink) refuse(badLink, `${path} -> ${linkPath}`);
        this.#links.add(parts.join('/'));
        break;
      }
      default:
        refuse(
          `an entry of type ${JSON.stringify(header.type)} (only files, folders, links)`,
          path,
        );
    }
    if (header.type !== '0' && header.sizeBytes > 0) refuse('a folder or link with content', path);
    if (parts.length > 1 && this.outputs.size < maxOutputs) {
      this.outputs.add(parts.slice(0, 3).join('/'));
    }
  }
}

function refuse(what: string, where?: string): never {
  throw new CacheError('ARCHIVE_REFUSED', {
    message: `the archive holds ${what}${where === undefined ? '' : `: ${where}`}`,
  });
}
