import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { copyFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  type Digest,
  encodeHeader,
  END_OF_ARCHIVE,
  hasCode,
  Hasher,
  OciError,
  type RemoteCache,
  readTar,
  tarPadding,
  type TarItem,
} from '@excel2doc/oci';
import type { FileHere, KeptFile } from './kept-file';

/** From here on a file is an entry by itself; smaller ones share one, of up to `PACK_BYTES`. */
export const LARGE_BYTES = 1 << 20;
const PACK_BYTES = 16 << 20;
const MOST_IN_PACK = 4096;
/** With a header and the padding of each. */
const MOST_PACK_BYTES = PACK_BYTES + 1024 * (MOST_IN_PACK + 1);
/** Of one mount; well-kept ones have fewer than half. Whoever wrote a listing could name any number. */
const MOST_PACKS_READ = 64;
const AT_ONCE = 4;

type PlainFile = FileHere & { type: 'file' };

/** The content of kept files, by digest, in the remote cache and on this machine. */
export class MountBlobs {
  /** Once it does not answer, nothing more is asked of it: each question would wait as long. */
  private down: Error | undefined;

  constructor(
    private readonly cache: RemoteCache,
    /** Removed by whoever gives it. */
    private readonly scratch: string,
  ) {}

  /** Writes a file of a tar to this machine. @returns where, and what it is */
  async take({ content }: TarItem): Promise<{ at: string; digest: Digest; sizeBytes: number }> {
    const at = this.newPath();
    const hasher = new Hasher();
    async function* hashed() {
      for await (const chunk of content()) {
        hasher.update(chunk);
        yield chunk;
      }
    }
    await pipeline(Readable.from(hashed(), { objectMode: false }), createWriteStream(at));
    return { at, digest: hasher.digest(), sizeBytes: hasher.sizeBytes };
  }

  /** A copy of what lies at a path, for a name that it has besides. */
  async copy(from: string): Promise<string> {
    const at = this.newPath();
    await copyFile(from, at);
    return at;
  }

  /**
   * Brings files here. What is gone, damaged or another than the listing says is left out.
   *
   * @param onDown told once where the cache does not answer any more: what has come by then is given
   */
  async fetch(files: readonly KeptFile[], onDown: (error: Error) => void): Promise<FileHere[]> {
    if (this.down) return [];
    const here: FileHere[] = files.filter(({ type }) => type !== 'file');
    const blobs = [...worthReading(files)];
    const fetchNext = async (): Promise<void> => {
      for (let next = blobs.shift(); next && !this.down; next = blobs.shift()) {
        const found = await this.fetchBlob(...next).catch((error: unknown) => {
          if (!isOfOne(error) && !this.down) onDown((this.down = asDown(error)));
          return [];
        });
        here.push(...found);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, fetchNext));
    return here;
  }

  private async fetchBlob(blob: Digest, own: readonly PlainFile[]): Promise<FileHere[]> {
    const content = await this.cache.open(blob);
    const places = new Map<string, string>();
    try {
      if (own.every(({ pack }) => pack === undefined)) {
        const at = this.newPath();
        const sizeBytes = Math.max(...own.map((file) => file.sizeBytes));
        await pipeline(atMost(content, sizeBytes), createWriteStream(at));
        places.set(blob, at);
      } else {
        const wanted = new Set<string>(own.map(({ digest }) => digest));
        for await (const item of readTar(atMost(content, MOST_PACK_BYTES))) {
          // What it is called there is what somebody wrote: what it is, is told by what came.
          if (item.entry.type !== 'file') continue;
          const { at, digest } = await this.take(item);
          if (wanted.has(digest)) places.set(digest, at);
          else await rm(at);
        }
      }
    } finally {
      content.destroy();
    }
    return Promise.all(
      own.flatMap((file) => {
        const at = places.get(file.digest);
        return at === undefined ? [] : [sized({ ...file, at })];
      }),
    ).then((all) => all.flat());
  }

  /**
   * Sends what is not there yet: large files each by itself, small ones together.
   *
   * @param files that lie here
   * @returns the same with where they are then, and how many bytes were sent
   * @throws OciError `REMOTE_CACHE`
   */
  async send(files: readonly PlainFile[]): Promise<{ files: KeptFile[]; sentBytes: number }> {
    const sent: KeptFile[] = [];
    let sentBytes = 0;
    let pack: PlainFile[] = [];
    let packBytes = 0;
    const finish = async () => {
      if (pack.length === 0) return;
      const { digest, isSent } = await this.sendPack(pack);
      if (isSent) sentBytes += packBytes;
      sent.push(...pack.map(({ at: _, ...file }) => ({ ...file, pack: digest })));
      pack = [];
      packBytes = 0;
    };
    for (const file of [...files].sort((a, b) => (a.path < b.path ? -1 : 1))) {
      const { at, pack: _, ...kept } = file;
      if (file.sizeBytes >= LARGE_BYTES) {
        if (await this.sendFile(file.digest, at!)) sentBytes += file.sizeBytes;
        sent.push(kept);
        continue;
      }
      if (pack.length === MOST_IN_PACK || packBytes + file.sizeBytes > PACK_BYTES) await finish();
      pack.push(file);
      packBytes += file.sizeBytes;
    }
    await finish();
    return { files: sent, sentBytes };
  }

  private async sendFile(digest: Digest, at: string): Promise<boolean> {
    if (await this.cache.has(digest)) return false;
    const { size } = await stat(at);
    return (await this.cache.put(digest, size, createReadStream(at))) === 'stored';
  }

  private async sendPack(
    files: readonly PlainFile[],
  ): Promise<{ digest: Digest; isSent: boolean }> {
    const at = this.newPath();
    const hasher = new Hasher();
    const byDigest = new Map(files.map((file) => [file.digest, file]));
    async function* tar() {
      const inOrder = [...byDigest.values()].sort((a, b) => (a.digest < b.digest ? -1 : 1));
      for (const file of inOrder) yield* entryOf({ ...file, path: file.digest.replace(':', '-') });
      yield END_OF_ARCHIVE;
    }
    async function* hashed() {
      for await (const chunk of tar()) {
        hasher.update(chunk);
        yield chunk;
      }
    }
    await pipeline(Readable.from(hashed(), { objectMode: false }), createWriteStream(at));
    const digest = hasher.digest();
    const isSent = await this.sendFile(digest, at);
    await rm(at);
    return { digest, isSent };
  }

  private newPath(): string {
    return join(this.scratch, `kept-${randomUUID()}`);
  }
}

/** What is read for files: the packs with the most of them, and each that is by itself. */
function worthReading(files: readonly KeptFile[]): Map<Digest, PlainFile[]> {
  const byBlob = new Map<Digest, PlainFile[]>();
  for (const file of files) {
    if (file.type !== 'file') continue;
    const blob = file.pack ?? file.digest;
    const own = byBlob.get(blob);
    if (own) own.push(file);
    else byBlob.set(blob, [file]);
  }
  [...byBlob]
    .filter(([, own]) => own.some(({ pack }) => pack !== undefined))
    .sort(([, a], [, b]) => b.length - a.length)
    .slice(MOST_PACKS_READ)
    .forEach(([blob]) => byBlob.delete(blob));
  return byBlob;
}

/** Whether an entry is gone or damaged; otherwise it is the cache that fails, or this machine. */
function isOfOne(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  const isUnpacking = typeof code === 'string' && code.startsWith('Z_');
  return isUnpacking || hasCode(error, 'BLOB_MISSING', 'BLOB_DAMAGED', 'TAR_DAMAGED');
}

function asDown(error: unknown): Error {
  if (hasCode(error, 'REMOTE_CACHE')) return error;
  const { message } = error as Error;
  return new Error(`reading from the remote cache failed (${message})`, { cause: error });
}

/** @throws OciError `BLOB_DAMAGED` for more than a listing says: it is not read to its end */
async function* atMost(content: Readable, mostBytes: number): AsyncGenerator<Buffer> {
  let left = mostBytes;
  for await (const chunk of content as AsyncIterable<Buffer>) {
    left -= chunk.length;
    if (left < 0) throw new OciError('BLOB_DAMAGED', { message: 'it is longer than it may be' });
    yield chunk;
  }
}

/** Not what a listing says is shorter or longer. */
async function sized(file: FileHere & { type: 'file'; at: string }): Promise<FileHere[]> {
  return (await stat(file.at)).size === file.sizeBytes ? [file] : [];
}

/** Files as they lie in a mount, folders first, as a tar. */
export async function* tarOfMount(files: readonly FileHere[]): AsyncGenerator<Buffer> {
  const folders = files.filter(({ type }) => type === 'directory');
  for (const file of folders.sort((a, b) => (a.path < b.path ? -1 : 1))) yield* entryOf(file);
  for (const file of files) if (file.type !== 'directory') yield* entryOf(file);
  yield END_OF_ARCHIVE;
}

async function* entryOf(file: FileHere): AsyncGenerator<Buffer> {
  const { path, type, mode, uid, gid } = file;
  const mtimeS = file.type === 'directory' ? 0 : file.mtimeS;
  const sizeBytes = file.type === 'file' ? file.sizeBytes : 0;
  const link = file.type === 'symlink' && { linkPath: file.link };
  yield encodeHeader({ path, type, mode, uid, gid, mtimeS, sizeBytes, ...link });
  if (sizeBytes === 0) return;
  yield* createReadStream(file.at!) as AsyncIterable<Buffer>;
  yield tarPadding(sizeBytes);
}
