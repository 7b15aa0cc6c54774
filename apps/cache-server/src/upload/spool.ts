import { createHash, hash, randomUUID } from 'node:crypto';
import { unlinkSync } from 'node:fs';
import { mkdir, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { ArchiveGuard, inspectArchive } from '../archive/guard';
import type { ArchiveLimits } from '../archive/limits';
import { CacheError, systemCode } from '../error';
import { blockBytes, giveBlock } from '../transfer/blocks';
import { BodyReader } from './body-reader';
import { SpoolFile, writeSmallFile } from './spool-file';

/** A body that has arrived whole. */
export interface Spooled {
  sizeBytes: number;
  sha256: string;
  outputs: string[];
  /** All of it when it is small, and then nothing is on the disk yet; else an open file. */
  content: Buffer | FileHandle;
  /**
   * The path of a file of the body and `tail`, on the disk when this resolves.
   *
   * @throws CacheError `DISK_FULL`
   */
  persist(tail: Buffer): Promise<string>;
  /** Closes and removes the file, if there is one; to be called once, whatever happened. */
  discard(): Promise<void>;
}

export interface SpoolRules {
  limits: ArchiveLimits;
  stallMs: number;
}

/** The folder in which bodies arrive. It must be on the file system of the store that takes them. */
export class Spool {
  constructor(readonly directory: string) {}

  /** Makes the folder anew: what a killed process left in it was never whole. */
  async clear(): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
    await mkdir(this.directory, { recursive: true });
  }

  async remove(): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
  }

  /**
   * Takes in a body and inspects it on the way. What is not kept is still read to its end, so that
   * the sender reads the answer instead of a broken connection.
   *
   * @throws CacheError `ARCHIVE_REFUSED`, `UPLOAD_CUT`, `UPLOAD_STALLED`, `DISK_FULL`
   */
  async receive(body: Readable, { limits, stallMs }: SpoolRules): Promise<Spooled> {
    const reader = new BodyReader(body, stallMs);
    try {
      const first = await reader.next();
      if (first?.length === blockBytes) return await this.#receiveLarge(first, reader, limits);
      return await this.#receiveSmall(first, limits);
    } catch (error) {
      if (error instanceof CacheError && error.code !== 'UPLOAD_STALLED') {
        await drain(reader, limits.maxBytes).catch(() => undefined);
      }
      throw asCut(error);
    } finally {
      reader.stop();
    }
  }

  async #receiveSmall(block: Buffer | null, limits: ArchiveLimits): Promise<Spooled> {
    const content = Buffer.from(block ?? []);
    if (block) giveBlock(block);
    const { outputs } = await inspectArchive(content, limits);
    let path: string | null = null;
    return {
      sizeBytes: content.length,
      sha256: hash('sha256', content),
      outputs,
      content,
      persist: async (tail) => {
        path = this.#newPath();
        await writeSmallFile(path, Buffer.concat([content, tail]));
        return path;
      },
      discard: async () => {
        if (path) removeIfThere(path);
      },
    };
  }

  async #receiveLarge(first: Buffer, reader: BodyReader, limits: ArchiveLimits): Promise<Spooled> {
    const file = await SpoolFile.create(this.#newPath());
    const guard = new ArchiveGuard(limits);
    const digest = createHash('sha256');
    let sizeBytes = 0;
    let work: Promise<unknown>[] = [];
    try {
      for (let block: Buffer | null = first; block; block = await reader.next()) {
        digest.update(block);
        // One block is inflated and written, on other threads, while the next one arrives.
        await Promise.all(work);
        work = [guard.write(block), file.write([block], sizeBytes)];
        sizeBytes += block.length;
        const done = block;
        void Promise.allSettled(work).then(() => giveBlock(done));
      }
      await Promise.all(work);
      const { outputs } = await guard.end();
      return {
        sizeBytes,
        sha256: digest.digest('hex'),
        outputs,
        content: file.handle,
        persist: async (tail) => {
          await file.write([tail], sizeBytes);
          await file.sync();
          return file.path;
        },
        discard: () => file.discard(),
      };
    } catch (error) {
      guard.abandon();
      await Promise.allSettled(work);
      await file.discard();
      throw error;
    }
  }

  #newPath(): string {
    return join(this.directory, randomUUID());
  }
}

function removeIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Somebody has put it in its place, or it was never made.
  }
}

async function drain(reader: BodyReader, maxBytes: number): Promise<void> {
  let bytes = 0;
  for (let block = await reader.next(); block; block = await reader.next()) {
    giveBlock(block);
    bytes += block.length;
    if (bytes > maxBytes) return;
  }
}

function asCut(error: unknown): unknown {
  if (
    !['ECONNRESET', 'ERR_STREAM_PREMATURE_CLOSE', 'ABORT_ERR', 'UND_ERR_SOCKET'].includes(
      systemCode(error) ?? '',
    )
  ) {
    return error;
  }
  return new CacheError('UPLOAD_CUT', {
    message: 'the sender went away before the end',
    cause: error,
  });
}
