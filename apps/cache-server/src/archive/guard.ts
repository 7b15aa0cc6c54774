import { once } from 'node:events';
import { createGunzip, type Gunzip } from 'node:zlib';
import { CacheError } from '../error';
import { ratioFreeBytes, type ArchiveLimits } from './limits';
import { TarInspector } from './tar-inspector';

/** Bytes unpacked at a time: 64 uploads at once must fit in little memory. */
const windowBytes = 64 * 1024;

export interface ArchiveSummary {
  entries: number;
  unpackedBytes: number;
  /** The first few output paths: what the entry is of, where nobody said. */
  outputs: string[];
}

/**
 * Inspects an upload (a tar.gz) while it streams by. Give it every chunk in order, awaiting each;
 * it throws `ARCHIVE_REFUSED` at the first thing that must not reach a workspace.
 */
export class ArchiveGuard {
  readonly #gunzip: Gunzip;
  readonly #tar: TarInspector;
  readonly #ended: Promise<unknown>;
  #sentBytes = 0;
  #unpackedBytes = 0;
  #failure: unknown = null;
  #inflating: Promise<void> = Promise.resolve();
  #wake = () => undefined as void;

  constructor(readonly limits: ArchiveLimits) {
    this.#tar = new TarInspector(limits.maxEntries);
    this.#gunzip = createGunzip({ chunkSize: windowBytes });
    this.#ended = once(this.#gunzip, 'end').catch((error: unknown) => {
      this.#failure ??= error;
    });
    this.#gunzip.on('error', (error) => (this.#failure ??= error));
    // A write that is under way when the stream fails is never called back.
    this.#gunzip.on('close', () => this.#wake());
    this.#gunzip.on('data', (chunk: Buffer) => this.#inspect(chunk));
  }

  async write(chunk: Buffer): Promise<void> {
    this.#sentBytes += chunk.length;
    if (this.#sentBytes > this.limits.maxBytes)
      this.#fail(`more than ${this.limits.maxBytes} bytes`);
    this.#throwFailure();
    // One chunk is inflated, on another thread, while the next one arrives.
    await this.#inflating;
    this.#throwFailure();
    this.#inflating = new Promise((resolve) => {
      this.#wake = resolve;
      this.#gunzip.write(chunk, () => resolve());
    });
  }

  async end(): Promise<ArchiveSummary> {
    await this.#inflating;
    this.#throwFailure();
    this.#gunzip.end();
    await this.#ended;
    this.#throwFailure();
    this.#tar.end();
    return {
      entries: this.#tar.entries,
      unpackedBytes: this.#unpackedBytes,
      outputs: [...this.#tar.outputs],
    };
  }

  /** Frees the decompressor when the upload goes no further. */
  abandon(): void {
    this.#gunzip.destroy();
  }

  #inspect(chunk: Buffer): void {
    if (this.#failure) return;
    try {
      this.#unpackedBytes += chunk.length;
      const { maxUnpackedBytes, maxRatio } = this.limits;
      if (this.#unpackedBytes > maxUnpackedBytes)
        this.#fail(`more than ${maxUnpackedBytes} bytes unpacked`);
      const isLarge = this.#unpackedBytes > ratioFreeBytes;
      if (isLarge && this.#unpackedBytes > this.#sentBytes * maxRatio) {
        this.#fail(`more than ${maxRatio} bytes unpacked for each byte sent`);
      }
      this.#tar.push(chunk);
    } catch (error) {
      this.#failure = error;
      this.#gunzip.destroy(error as Error);
    }
  }

  #fail(what: string): never {
    throw new CacheError('ARCHIVE_REFUSED', { message: `the archive is ${what}` });
  }

  #throwFailure(): void {
    if (this.#failure === null) return;
    if (this.#failure instanceof CacheError) throw this.#failure;
    throw new CacheError('ARCHIVE_REFUSED', {
      message: 'the archive is no tar.gz',
      cause: this.#failure,
    });
  }
}
