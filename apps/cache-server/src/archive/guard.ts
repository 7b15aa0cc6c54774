import { once } from 'node:events';
import { createGunzip, gunzipSync, type Gunzip } from 'node:zlib';
import { CacheError } from '../error';
import { areTransfersFew } from '../transfer/in-flight';
import { ratioFreeBytes, type ArchiveLimits } from './limits';
import { TarInspector } from './tar-inspector';

/**
 * Bytes unpacked at a time. Each time wakes a thread, so it is much while few uploads run. While many
 * do, the last buffer of each outlives the collector's nursery and becomes old garbage, so it is small.
 */
const windowBytes = { few: 256 * 1024, many: 32 * 1024 };
/** Unpacked on the spot when both are small: another thread takes longer to wake up. */
const smallBytes = 32 * 1024;
const smallUnpackedBytes = 256 * 1024;

export interface ArchiveSummary {
  entries: number;
  unpackedBytes: number;
  /** The first few output paths: what the entry is of, where nobody said. */
  outputs: string[];
}

/**
 * Inspects an upload (a tar.gz) that is there as a whole.
 *
 * @throws CacheError `ARCHIVE_REFUSED`
 */
export async function inspectArchive(
  archive: Buffer,
  limits: ArchiveLimits,
): Promise<ArchiveSummary> {
  const unpacked = archive.length <= smallBytes ? unpackSmall(archive) : null;
  if (unpacked) {
    const inspection = new Inspection(limits);
    inspection.countSent(archive.length);
    inspection.push(unpacked);
    return inspection.end();
  }
  const guard = new ArchiveGuard(limits);
  try {
    await guard.write(archive);
    return await guard.end();
  } finally {
    guard.abandon();
  }
}

/** Null when it is larger than it looks, or no gzip: then the guard says so. */
function unpackSmall(archive: Buffer): Buffer | null {
  try {
    return gunzipSync(archive, { maxOutputLength: smallUnpackedBytes });
  } catch {
    return null;
  }
}

/**
 * Inspects an upload (a tar.gz) while it streams by. Give it every block in order, awaiting each;
 * it throws `ARCHIVE_REFUSED` at the first thing that must not reach a workspace.
 */
export class ArchiveGuard {
  readonly #gunzip: Gunzip;
  readonly #inspection: Inspection;
  readonly #ended: Promise<unknown>;
  #failure: unknown = null;
  #wake = () => undefined as void;

  constructor(limits: ArchiveLimits) {
    this.#inspection = new Inspection(limits);
    this.#gunzip = createGunzip({
      chunkSize: areTransfersFew() ? windowBytes.few : windowBytes.many,
    });
    this.#ended = once(this.#gunzip, 'end').catch((error: unknown) => {
      this.#failure ??= error;
    });
    this.#gunzip.on('error', (error) => (this.#failure ??= error));
    // A write that is under way when the stream fails is never called back.
    this.#gunzip.on('close', () => this.#wake());
    this.#gunzip.on('data', (chunk: Buffer) => this.#inspect(chunk));
  }

  /** Resolves when the block is inflated, which another thread does, and inspected. */
  async write(block: Buffer): Promise<void> {
    this.#throwFailure();
    this.#inspection.countSent(block.length);
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      this.#gunzip.write(block, () => resolve());
    });
    this.#throwFailure();
  }

  async end(): Promise<ArchiveSummary> {
    this.#throwFailure();
    this.#gunzip.end();
    await this.#ended;
    this.#throwFailure();
    return this.#inspection.end();
  }

  /** Frees the decompressor when the upload goes no further. */
  abandon(): void {
    this.#gunzip.destroy();
  }

  #inspect(chunk: Buffer): void {
    if (this.#failure) return;
    try {
      this.#inspection.push(chunk);
    } catch (error) {
      this.#failure = error;
      this.#gunzip.destroy(error as Error);
    }
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

/** Holds what was sent, and what it unpacks to, against the limits. */
class Inspection {
  readonly #tar: TarInspector;
  #sentBytes = 0;
  #unpackedBytes = 0;

  constructor(readonly limits: ArchiveLimits) {
    this.#tar = new TarInspector(limits.maxEntries);
  }

  countSent(bytes: number): void {
    this.#sentBytes += bytes;
    const { maxBytes } = this.limits;
    if (this.#sentBytes > maxBytes) refuse(`more than ${maxBytes} bytes`);
  }

  push(unpacked: Buffer): void {
    this.#unpackedBytes += unpacked.length;
    const { maxUnpackedBytes, maxRatio } = this.limits;
    if (this.#unpackedBytes > maxUnpackedBytes)
      refuse(`more than ${maxUnpackedBytes} bytes unpacked`);
    const isLarge = this.#unpackedBytes > ratioFreeBytes;
    if (isLarge && this.#unpackedBytes > this.#sentBytes * maxRatio) {
      refuse(`more than ${maxRatio} bytes unpacked for each byte sent`);
    }
    this.#tar.push(unpacked);
  }

  end(): ArchiveSummary {
    this.#tar.end();
    return {
      entries: this.#tar.entries,
      unpackedBytes: this.#unpackedBytes,
      outputs: [...this.#tar.outputs],
    };
  }
}

function refuse(what: string): never {
  throw new CacheError('ARCHIVE_REFUSED', { message: `the archive is ${what}` });
}
