import { isUtf8 } from 'node:buffer';
import { TextDecoder } from 'node:util';
import { refusedLink, refusedPath } from './entry-path';
import { EntryNames, type NameBudget } from './entry-names';
import { maxTerminalOutputBytes, type ArchiveLimits } from './limits';
import { refuse } from './refusal';
import type { TarHeader } from './tar-header';
import { PlaceCheck, type WorkspacePlace } from './workspace-place';

const maxOutputs = 8;
/** Of an output's name, this much is kept: it is for people, and 100,000 of them stay in memory. */
const maxOutputCharacters = 120;

/**
 * Holds each entry of an archive against what every Nx can use: one `code` of four bytes, which says
 * that the task went well, one `terminalOutput` in UTF-8, and outputs that can be unpacked. Anything
 * else ends the run of whoever gets it, and each later one.
 *
 * @see nrwl/nx, packages/nx/src/native/cache/http_remote_cache.rs
 */
export class NxContents {
  entries = 0;
  /** The first few output paths, at most three folders deep, in the archive's order. */
  readonly outputs = new Set<string>();
  readonly #names: EntryNames;
  #code: Buffer | null = null;
  #codeFill = 0;
  readonly #place: PlaceCheck | null;
  #hasOutput = false;
  #outputBytes = 0;
  /** Only for one that comes in several parts. */
  #decoder: TextDecoder | null = null;
  #current: 'code' | 'terminalOutput' | 'output' = 'output';

  constructor(
    readonly limits: ArchiveLimits,
    budget: NameBudget,
    place: WorkspacePlace | null,
  ) {
    this.#place = place && new PlaceCheck(place);
    // Folders that no entry names count as well.
    this.#names = new EntryNames(2 * limits.maxEntries, budget);
  }

  /**
   * The entry as it is to be written: its path in its plain form, its mode one that its reader can
   * read, and nothing else of what its header said.
   *
   * @throws CacheError `ARCHIVE_REFUSED`
   */
  entry({ type, path: given, linkPath, sizeBytes, mode }: TarHeader): TarHeader {
    this.entries += 1;
    const { maxEntries } = this.limits;
    if (this.entries > maxEntries) refuse(`more than ${maxEntries} entries`);
    const path = type === '5' ? given.replace(/\/$/, '') : given;
    const bad = refusedPath(path);
    if (bad) refuse(bad, given);
    if (type !== '0' && type !== '2' && type !== '5')
      refuse(`an entry of type ${JSON.stringify(type)} (only files, folders, links)`, path);
    if (type !== '0' && sizeBytes > 0) refuse('a folder or link with content', path);

    this.#current = 'output';
    const [first = ''] = path.split('/', 1);
    if (first === 'code' || first === 'terminalOutput')
      this.#startOwn(first, path, type, sizeBytes);
    const kind = type === '0' ? 'file' : type === '5' ? 'folder' : 'link';
    this.#names.add(path, kind);
    if (type === '2') {
      const badLink = refusedLink(path, linkPath);
      if (badLink) refuse(badLink, `${path} -> ${linkPath}`);
    }
    if (this.#current === 'output') {
      this.#place?.take(path, kind);
      this.#keepOutput(path);
    }
    return {
      type,
      path,
      linkPath: type === '2' ? linkPath : '',
      sizeBytes,
      mode: type === '0' ? (mode & 0o777) | 0o600 : 0o755,
    };
  }

  /** @throws CacheError `ARCHIVE_REFUSED` */
  content(part: Buffer): void {
    if (this.#current === 'code') {
      this.#codeFill += part.copy(this.#code!, this.#codeFill);
    } else if (this.#current === 'terminalOutput') {
      if (!this.#isText(part)) refuse('a terminalOutput that is no UTF-8');
    }
  }

  /** @throws CacheError `ARCHIVE_REFUSED` */
  entryEnd(): void {
    if (this.#current === 'code' && this.#code!.readUInt32BE() !== 0)
      refuse('the result of a task that failed');
    if (this.#current !== 'terminalOutput') return;
    if (!this.#isTextOver()) refuse('a terminalOutput that is no UTF-8');
  }

  /** @throws CacheError `ARCHIVE_REFUSED` when something is missing */
  end(): void {
    if (!this.#code) refuse('no code');
    if (!this.#hasOutput) refuse('no terminalOutput');
  }

  release(): void {
    this.#names.release();
  }

  #startOwn(name: 'code' | 'terminalOutput', path: string, type: string, sizeBytes: number): void {
    if (path !== name || type !== '0') refuse(`an output in the place of Nx's own ${name}`, path);
    this.#current = name;
    if (name === 'code') {
      if (this.#code) refuse('code twice');
      if (sizeBytes !== 4) refuse(`a code of ${sizeBytes} bytes in place of 4`);
      this.#code = Buffer.alloc(4);
    } else {
      if (this.#hasOutput) refuse('terminalOutput twice');
      if (sizeBytes > maxTerminalOutputBytes)
        refuse(`a terminalOutput of more than ${maxTerminalOutputBytes} bytes`);
      this.#hasOutput = true;
      this.#outputBytes = sizeBytes;
    }
  }

  /** False once a part of the terminal's output is no UTF-8. */
  #isText(part: Buffer): boolean {
    if (!this.#decoder && part.length === this.#outputBytes) return isUtf8(part);
    this.#decoder ??= new TextDecoder('utf-8', { fatal: true });
    try {
      this.#decoder.decode(part, { stream: true });
      return true;
    } catch {
      return false;
    }
  }

  /** False when it ends within a character. */
  #isTextOver(): boolean {
    try {
      this.#decoder?.decode();
      return true;
    } catch {
      return false;
    }
  }

  #keepOutput(path: string): void {
    if (this.outputs.size >= maxOutputs || !path.includes('/')) return;
    const short = path.split('/', 3).join('/');
    this.outputs.add(Array.from(short).slice(0, maxOutputCharacters).join(''));
  }
}
