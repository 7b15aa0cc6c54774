import { randomUUID } from 'node:crypto';
import { unlinkSync } from 'node:fs';
import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { ArchiveRules, WrittenArchive } from '../archive/archive-messages';
import type { ArchivePool } from '../archive/archive-pool';
import { hasZstd, requireZstd } from '../archive/packing';
import { FileSeal, sealedBytes, sealWhole } from '../encryption/file-seal';
import type { KeyRing } from '../encryption/key-ring';
import { CacheError, systemCode } from '../error';
import { blockBytes, giveBlock } from '../transfer/blocks';
import { PlainFile, SealedFile, type EntryFile } from '../transfer/entry-file';
import { BodyReader } from './body-reader';
import { SpoolFile, writeSmallFile } from './spool-file';
import { UploadRoom, type Owner } from './upload-room';

/** An archive of one block that unpacks to no more than this is kept in memory. */
const smallUnpackedBytes = 1024 * 1024;
/** An archive of so many blocks is read at once where it unpacks to no more than this. */
const gatherBlocks = 20;
const gatheredUnpackedBytes = 4 * 1024 * 1024;
/** Blocks that all uploads together may gather; who comes later is read block by block. */
const maxGathered = 192;

/** A body that has arrived whole, was found to be good, and was written anew from what it held. */
export interface Spooled extends WrittenArchive {
  /** All of it when it is small, and then nothing is on the disk yet; else an open file. */
  content: Buffer | EntryFile;
  /** What its file is sealed with, if it is. */
  seal: FileSeal | null;
  /**
   * The path of a file of the body and `tail`, on the disk when this resolves.
   *
   * @throws CacheError `DISK_FULL`
   */
  persist(tail: Buffer): Promise<string>;
  /** Closes and removes the file, if there is one; to be called once, whatever happened. */
  discard(): Promise<void>;
}

export interface SpoolRules extends ArchiveRules {
  stallMs: number;
  /** For whom it comes; nobody in particular where only one sends. */
  owner?: Owner | undefined;
}

/** Of what is brought here for those who read a scope: beside its uploads, and never in their place. */
export function readsOf(scope: string): Owner {
  return { name: `${scope} (reads)`, isTrusted: false };
}

const nobody: Owner = { name: '', isTrusted: true };

/** The folder in which bodies arrive. It must be on the file system of the store that takes them. */
export class Spool {
  #gathered = 0;
  readonly #room = new UploadRoom();

  constructor(
    readonly directory: string,
    readonly archives: ArchivePool,
    /** With keys, whatever is written here is sealed before the disk sees it. */
    readonly ring: KeyRing | null = null,
  ) {}

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
  async receive(body: Readable, rules: SpoolRules): Promise<Spooled> {
    if (rules.packing === 'zstd' && !hasZstd) {
      body.destroy();
      requireZstd();
    }
    const reader = await this.#enter(body, rules);
    try {
      const first = await reader.next();
      if (!first) throw new CacheError('ARCHIVE_REFUSED', { message: 'the archive is empty' });
      if (first.length < blockBytes) {
        const small = await this.#receiveSmall(first, rules);
        return small ?? (await this.#receiveLarge([first], reader, rules));
      }
      const blocks = [first];
      let gathered: Spooled | null = null;
      try {
        if (await this.#gather(blocks, reader))
          gathered = await this.#receiveGathered(blocks, rules);
      } finally {
        this.#gathered -= blocks.length - 1;
      }
      return gathered ?? (await this.#receiveLarge(blocks, reader, rules));
    } catch (error) {
      if (error instanceof CacheError && error.code !== 'UPLOAD_STALLED') {
        await drain(reader, rules.limits.maxBytes).catch(() => undefined);
      }
      throw asCut(error);
    } finally {
      this.#room.leave(reader);
      reader.stop();
    }
  }

  /** Not before there is room: until then nothing of the body is read. */
  async #enter(body: Readable, { stallMs, owner = nobody }: SpoolRules): Promise<BodyReader> {
    // It may fail while it waits, and nobody else listens.
    body.on('error', () => undefined);
    await this.#room.enter(owner);
    const reader = new BodyReader(body, stallMs, owner);
    this.#room.add(reader);
    return reader;
  }

  /** Null when it is too large once unpacked; otherwise the block has been given back. */
  async #receiveSmall(block: Buffer, rules: ArchiveRules): Promise<Spooled | null> {
    const read = await this.archives.whole(block, forThread(rules), smallUnpackedBytes);
    if (!read) return null;
    giveBlock(block);
    const { archive, content } = read;
    const seal = this.#newSeal();
    let path: string | null = null;
    return {
      ...archive,
      content,
      seal,
      persist: async (tail) => {
        path = this.#newPath();
        const lying = seal ? sealWhole(seal, content) : content;
        await writeSmallFile(path, Buffer.concat([lying, tail]));
        return path;
      },
      discard: async () => {
        if (path) removeIfThere(path);
      },
    };
  }

  /**
   * Adds what comes, as long as it is little and there is room, to be handed over at once: a message
   * between threads costs as much as it takes to unpack what is in it.
   *
   * @returns whether that was all
   */
  async #gather(blocks: Buffer[], reader: BodyReader): Promise<boolean> {
    while (blocks.length < gatherBlocks && this.#gathered < maxGathered) {
      const next = await reader.next();
      if (!next) return true;
      blocks.push(next);
      this.#gathered += 1;
      if (next.length < blockBytes) return true;
    }
    return false;
  }

  /** Null when it is too large once unpacked; otherwise the blocks have been given back. */
  async #receiveGathered(blocks: Buffer[], rules: ArchiveRules): Promise<Spooled | null> {
    const path = this.#newPath();
    const seal = this.#newSeal();
    try {
      const most = gatheredUnpackedBytes;
      const archive = await this.archives.gathered(blocks, path, forThread(rules, seal), most);
      if (!archive) return null;
      blocks.forEach(giveBlock);
      return await this.#inFile(path, archive, seal);
    } catch (error) {
      removeIfThere(path);
      throw error;
    }
  }

  async #inFile(path: string, archive: WrittenArchive, seal: FileSeal | null): Promise<Spooled> {
    const file = new SpoolFile(path, await open(path, 'r+'));
    const { sizeBytes } = archive;
    return {
      ...archive,
      content: seal
        ? new SealedFile(file.handle, sizeBytes, seal)
        : new PlainFile(file.handle, sizeBytes),
      seal,
      persist: async (tail) => {
        await file.write(tail, seal ? sealedBytes(sizeBytes) : sizeBytes);
        await file.sync();
        return path;
      },
      discard: () => file.discard(),
    };
  }

  async #receiveLarge(first: Buffer[], reader: BodyReader, rules: ArchiveRules): Promise<Spooled> {
    const path = this.#newPath();
    const seal = this.#newSeal();
    const job = this.archives.open(path, forThread(rules, seal));
    let work: Promise<void> = Promise.resolve();
    try {
      const next = async () => first.shift() ?? (await reader.next());
      for (let block = await next(); block; block = await next()) {
        // One block is read and written, in another thread, while the next one arrives.
        await work;
        const current = block;
        work = job.write(current).finally(() => giveBlock(current));
        work.catch(() => undefined);
      }
      await work;
      const archive = await job.end();
      return await this.#inFile(path, archive, seal);
    } catch (error) {
      await work.catch(() => undefined);
      await job.abandon();
      removeIfThere(path);
      throw error;
    }
  }

  #newSeal(): FileSeal | null {
    return this.ring && FileSeal.fresh(this.ring);
  }

  #newPath(): string {
    return join(this.directory, randomUUID());
  }
}

/** Of the rules, what a thread is to know; each message is a copy. */
function forThread(
  { limits, place, digestContent, packing, keepsZstd }: ArchiveRules,
  seal: FileSeal | null = null,
): ArchiveRules {
  const sealKey = seal?.key;
  return { limits, place, digestContent, packing, keepsZstd, ...(sealKey ? { sealKey } : {}) };
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
