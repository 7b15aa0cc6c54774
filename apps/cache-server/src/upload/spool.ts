import { randomUUID } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type {
  ArchiveRules,
  EntryFile,
  WantedEntry,
  WantedFile,
  WrittenArchive,
} from '../intake/archive-messages';
import type { ArchivePool } from '../intake/archive-pool';
import { hasZstd, requireZstd } from '../archive/packing';
import { FileSeal } from '../encryption/file-seal';
import type { KeyRing } from '../encryption/key-ring';
import { CacheError, systemCode } from '../error';
import { blockBytes, giveBlock } from '../transfer/blocks';
import { BodyReader } from './body-reader';
import { removeIfThere } from './spool-file';
import { inFile, inMemory, type NewFile, type Spooled, type SpooledEntry } from './spooled';
import { UploadRoom, type Owner } from './upload-room';

/** An archive of one block that unpacks to no more than this is kept in memory. */
const smallUnpackedBytes = 1024 * 1024;
/** An archive of so many blocks is read at once where it unpacks to no more than this. */
const gatherBlocks = 20;
const gatheredUnpackedBytes = 4 * 1024 * 1024;
/** Blocks that all uploads together may gather; who comes later is read block by block. */
const maxGathered = 192;

/** Of what is to be an entry. */
interface Aim {
  wanted: WantedEntry;
  myTurn(): Promise<void>;
}

/** What has been taken in. */
interface Arrived {
  archive: WrittenArchive;
  entry: EntryFile | null;
  /** Null where it is in memory alone. */
  file: NewFile | null;
  content: Buffer | null;
  /** The block that the content is in; to be given back once that is not needed any more. */
  lent: Buffer | null;
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
    const { archive, file, content } = await this.#takeIn(body, rules, null);
    return file ? inFile(file, archive) : inMemory(content!, archive, this.#newFile());
  }

  /**
   * The same of what is to be an entry's file: another thread does all of it in one step, up to its place
   * on the disk. `myTurn` resolves when nobody else changes that entry: it is called, once or more, when
   * all of the body is here.
   */
  async receiveEntry(
    body: Readable,
    rules: SpoolRules,
    wanted: WantedEntry,
    myTurn: () => Promise<void>,
  ): Promise<SpooledEntry> {
    const { entry, file, content, lent } = await this.#takeIn(body, rules, { wanted, myTurn });
    const { path, seal } = file!;
    const discard = () => {
      if (entry!.outcome !== 'stored') removeIfThere(path);
      if (lent) giveBlock(lent);
    };
    return { ...entry!, path, seal, content, discard };
  }

  async #takeIn(body: Readable, rules: SpoolRules, aim: Aim | null): Promise<Arrived> {
    if (rules.packing === 'zstd' && !hasZstd) {
      body.destroy();
      requireZstd();
    }
    const reader = await this.#enter(body, rules);
    try {
      const first = await reader.next();
      if (!first) throw new CacheError('ARCHIVE_REFUSED', { message: 'the archive is empty' });
      const blocks = [first];
      let whole: Arrived | null = null;
      try {
        const isAll = await this.#gather(blocks, reader).catch((error: unknown) => {
          blocks.forEach(giveBlock);
          throw error;
        });
        if (isAll) whole = await this.#takeWhole(blocks, rules, aim);
      } finally {
        this.#gathered -= blocks.length - 1;
      }
      return whole ?? (await this.#takeStreamed(blocks, reader, rules, aim));
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

  /**
   * Adds what comes, as long as it is little and there is room, to be handed over at once: a message
   * between threads costs as much as it takes to unpack what is in it.
   *
   * @returns whether that was all
   */
  async #gather(blocks: Buffer[], reader: BodyReader): Promise<boolean> {
    if (blocks[0]!.length < blockBytes) return true;
    while (blocks.length < gatherBlocks && this.#gathered < maxGathered) {
      const next = await reader.next();
      if (!next) return true;
      blocks.push(next);
      this.#gathered += 1;
      if (next.length < blockBytes) return true;
    }
    return false;
  }

  /** Null when it is too large once unpacked; otherwise the blocks are not the caller's any more. */
  async #takeWhole(
    blocks: Buffer[],
    rules: ArchiveRules,
    aim: Aim | null,
  ): Promise<Arrived | null> {
    const isSmall = blocks.length === 1;
    const file = aim || !isSmall ? this.#newFile() : null;
    const most = isSmall ? smallUnpackedBytes : gatheredUnpackedBytes;
    try {
      await aim?.myTurn();
      const wanted = file && wantedFile(file, aim);
      const whole = await this.archives.whole(blocks, forThread(rules), most, wanted);
      if (!whole) return null;
      const lent = file && whole.content ? blocks[0]! : null;
      if (!lent) blocks.forEach(giveBlock);
      return { ...whole, file, lent };
    } catch (error) {
      blocks.forEach(giveBlock);
      if (file) removeIfThere(file.path);
      throw error;
    }
  }

  async #takeStreamed(
    first: Buffer[],
    reader: BodyReader,
    rules: ArchiveRules,
    aim: Aim | null,
  ): Promise<Arrived> {
    const file = this.#newFile();
    const job = this.archives.open(wantedFile(file, aim), forThread(rules));
    let work: Promise<void> = Promise.resolve();
    let held: Buffer | null = null;
    try {
      const next = async () => first.shift() ?? (await reader.next());
      for (let block = await next(); block; block = await next()) {
        // One block is read and written, in another thread, while the next one arrives.
        held = block;
        await work;
        held = null;
        const current = block;
        work = job.write(current).finally(() => giveBlock(current));
        work.catch(() => undefined);
      }
      await work;
      await aim?.myTurn();
      return { ...(await job.end()), file, content: null, lent: null };
    } catch (error) {
      await work.catch(() => undefined);
      await job.abandon();
      if (held) giveBlock(held);
      first.forEach(giveBlock);
      removeIfThere(file.path);
      throw error;
    }
  }

  #newFile(): NewFile {
    const seal = this.ring && FileSeal.fresh(this.ring);
    return { path: join(this.directory, randomUUID()), seal };
  }
}

function wantedFile({ path, seal }: NewFile, aim: Aim | null): WantedFile {
  return { path, seal: seal && { name: seal.name, key: seal.key }, entry: aim?.wanted ?? null };
}

/** Of the rules, what a thread is to know; each message is a copy. */
function forThread(rules: ArchiveRules): ArchiveRules {
  const { limits, place, digestContent, digestReceived, packing, keepsZstd } = rules;
  return { limits, place, digestContent, digestReceived, packing, keepsZstd };
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
