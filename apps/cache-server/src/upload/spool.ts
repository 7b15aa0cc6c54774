import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { ArchiveGuard } from '../archive/guard';
import type { ArchiveLimits } from '../archive/limits';
import { CacheError, systemCode } from '../error';
import { StallWatch } from './stall-watch';

/** Bytes held back before they are written: fewer, larger writes, and none at all for a small body. */
const writeBytes = 64 * 1024;

/** A body that has arrived whole, in a file that only we know. */
export interface Spooled {
  /** Absolute; gone after `discard`. */
  path: string;
  handle: FileHandle;
  sizeBytes: number;
  sha256: string;
  /** All of it, when it is small. */
  bytes: Buffer | null;
  outputs: string[];
  /** Closes and removes the file; to be called once, whatever happened. */
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
    const path = join(this.directory, randomUUID());
    const handle = await open(path, 'wx+', 0o600).catch(raiseFull);
    const discard = async () => {
      await handle.close().catch(() => undefined);
      await rm(path, { force: true });
    };
    const guard = new ArchiveGuard(limits);
    const watch = new StallWatch(stallMs);
    try {
      const received = await writeAll(body, handle, guard, watch);
      return { path, handle, ...received, discard };
    } catch (error) {
      await discard();
      if (error instanceof CacheError && error.code !== 'UPLOAD_STALLED') {
        await drain(body, watch, limits.maxBytes).catch(() => undefined);
      }
      throw asCut(error);
    } finally {
      watch.stop();
      guard.abandon();
    }
  }
}

async function writeAll(
  body: Readable,
  handle: FileHandle,
  guard: ArchiveGuard,
  watch: StallWatch,
): Promise<Pick<Spooled, 'sizeBytes' | 'sha256' | 'bytes' | 'outputs'>> {
  const hash = createHash('sha256');
  let held: Buffer[] = [];
  let heldBytes = 0;
  let sizeBytes = 0;
  for await (const chunk of chunksOf(body, watch)) {
    hash.update(chunk);
    held.push(chunk);
    heldBytes += chunk.length;
    sizeBytes += chunk.length;
    const inspected = guard.write(chunk);
    if (heldBytes >= writeBytes) {
      const full = held;
      held = [];
      heldBytes = 0;
      await Promise.all([inspected, writeFully(handle, full)]);
    } else {
      await inspected;
    }
  }
  const { outputs } = await guard.end();
  await writeFully(handle, held);
  const bytes = sizeBytes === heldBytes ? Buffer.concat(held) : null;
  return { sizeBytes, sha256: hash.digest('hex'), bytes, outputs };
}

async function writeFully(handle: FileHandle, chunks: Buffer[]): Promise<void> {
  const wanted = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  if (wanted === 0) return;
  const { bytesWritten } = await handle.writev(chunks).catch(raiseFull);
  if (bytesWritten < wanted) await writeRest(handle, Buffer.concat(chunks).subarray(bytesWritten));
}

/** A nearly full disk takes part of a write before it says so. */
async function writeRest(handle: FileHandle, rest: Buffer): Promise<void> {
  for (let at = 0; at < rest.length;) {
    at += (await handle.write(rest, at).catch(raiseFull)).bytesWritten;
  }
}

async function drain(body: Readable, watch: StallWatch, maxBytes: number): Promise<void> {
  let bytes = 0;
  for await (const chunk of chunksOf(body, watch)) {
    bytes += chunk.length;
    if (bytes > maxBytes) return;
  }
}

/** The body's chunks while its sender makes progress. Leaving it early leaves the body open. */
async function* chunksOf(body: Readable, watch: StallWatch): AsyncGenerator<Buffer> {
  if (body.destroyed || body.readableEnded) return;
  const chunks = body.iterator({ destroyOnReturn: false });
  try {
    for (;;) {
      const next = await watch.wait(chunks.next());
      if (next.done) return;
      watch.count((next.value as Buffer).length);
      yield next.value as Buffer;
    }
  } finally {
    // Not awaited: behind a stalled read it would wait for the sender.
    void chunks.return?.();
  }
}

/** Turns the system's "no space" and "over quota" into `DISK_FULL`, and throws. */
export function raiseFull(error: unknown): never {
  if (['ENOSPC', 'EDQUOT'].includes(systemCode(error) ?? '')) {
    throw new CacheError('DISK_FULL', { message: 'no space is left for uploads', cause: error });
  }
  throw error;
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
