import { closeSync, fdatasync, openSync, writeSync } from 'node:fs';
import { open, unlink, type FileHandle } from 'node:fs/promises';
import { promisify } from 'node:util';
import { CacheError, systemCode } from '../error';

/** Of a large file, this much is sent to the disk at a time, so that little is left to wait for. */
const earlySyncBytes = 16 * 1024 * 1024;

/** A file in which a body arrives; its name means nothing, and it goes when it is discarded. */
export class SpoolFile {
  #unsyncedBytes = 0;
  #syncing = false;

  private constructor(
    /** Absolute. */
    readonly path: string,
    readonly handle: FileHandle,
  ) {}

  /** @throws CacheError `DISK_FULL` */
  static async create(path: string): Promise<SpoolFile> {
    return new SpoolFile(path, await open(path, 'wx+', 0o600).catch(raiseFull));
  }

  /** @throws CacheError `DISK_FULL` */
  async write(chunks: Buffer[], at: number): Promise<void> {
    const wanted = chunks.reduce((sum, { length }) => sum + length, 0);
    if (wanted === 0) return;
    this.#startSync(wanted);
    let { bytesWritten } = await this.handle.writev(chunks, at).catch(raiseFull);
    if (bytesWritten === wanted) return;
    // A nearly full disk takes part of a write before it says so.
    for (const all = Buffer.concat(chunks); bytesWritten < wanted;) {
      const rest = await this.handle
        .write(all, bytesWritten, wanted - bytesWritten, at + bytesWritten)
        .catch(raiseFull);
      bytesWritten += rest.bytesWritten;
    }
  }

  /** @throws CacheError `DISK_FULL` */
  async sync(): Promise<void> {
    await this.handle.datasync().catch(raiseFull);
  }

  #startSync(newBytes: number): void {
    this.#unsyncedBytes += newBytes;
    if (this.#syncing || this.#unsyncedBytes < earlySyncBytes) return;
    this.#syncing = true;
    this.#unsyncedBytes = 0;
    const done = () => void (this.#syncing = false);
    // It says nothing that `sync` will not say.
    this.handle.datasync().then(done, done);
  }

  /** Never fails: what is left over goes when the spool is next cleared. */
  async discard(): Promise<void> {
    await Promise.allSettled([this.handle.close(), unlink(this.path)]);
  }
}

const datasync = promisify(fdatasync);

/**
 * Makes a file of a few blocks, on the disk when this resolves. Only the sync waits for the disk; for
 * any of the other calls, waking another thread would cost more than the call.
 *
 * @throws CacheError `DISK_FULL`
 */
export async function writeSmallFile(path: string, content: Buffer): Promise<void> {
  try {
    const file = openSync(path, 'wx', 0o600);
    try {
      for (let at = 0; at < content.length;) at += writeSync(file, content, at);
      await datasync(file);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    raiseFull(error);
  }
}

/** Turns the system's "no space" and "over quota" into `DISK_FULL`, and throws. */
export function raiseFull(error: unknown): never {
  if (['ENOSPC', 'EDQUOT'].includes(systemCode(error) ?? '')) {
    throw new CacheError('DISK_FULL', { message: 'no space is left for uploads', cause: error });
  }
  throw error;
}
