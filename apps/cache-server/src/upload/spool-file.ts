import { closeSync, fdatasync, openSync, unlinkSync, writeSync } from 'node:fs';
import { unlink, type FileHandle } from 'node:fs/promises';
import { promisify } from 'node:util';
import { CacheError, systemCode } from '../error';

/** A file in which a body has arrived; its name means nothing, and it goes when it is discarded. */
export class SpoolFile {
  constructor(
    /** Absolute. */
    readonly path: string,
    readonly handle: FileHandle,
  ) {}

  /** @throws CacheError `DISK_FULL` */
  async write(data: Buffer, at: number): Promise<void> {
    // A nearly full disk takes part of a write before it says so.
    for (let done = 0; done < data.length;) {
      const { bytesWritten } = await this.handle
        .write(data, done, data.length - done, at + done)
        .catch(raiseFull);
      done += bytesWritten;
    }
  }

  /** @throws CacheError `DISK_FULL` */
  async sync(): Promise<void> {
    await this.handle.datasync().catch(raiseFull);
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

/** Removes a file that somebody may have put in its place, or that was never made. */
export function removeIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // As said.
  }
}

/** Turns the system's "no space" and "over quota" into `DISK_FULL`, and throws. */
export function raiseFull(error: unknown): never {
  if (['ENOSPC', 'EDQUOT'].includes(systemCode(error) ?? '')) {
    throw new CacheError('DISK_FULL', { message: 'no space is left for uploads', cause: error });
  }
  throw error;
}
