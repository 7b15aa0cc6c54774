import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { type Digest, digestOf, Hasher, hexOf } from '../digest';
import { piped } from './piped';
import type { BlobSource } from './source';
import { damaged, fileDigest, missing, verifying } from './verify';

export interface StoredBlob {
  digest: Digest;
  sizeBytes: number;
}

export interface BlobStoreOptions {
  /**
   * Flush each blob to the disk before it gets its name. Off for output folders: they are verified
   * on reading, and whatever restores them from a cache does not flush either.
   */
  durable?: boolean;
}

/**
 * Blobs under `<directory>/blobs/sha256`, as in an OCI layout. A blob is written under a name of its
 * own, checked, then renamed, so that several processes may share one store, on any file system.
 */
export class BlobStore implements BlobSource {
  readonly name: string;
  readonly remote = false;
  private readonly durable: boolean;

  constructor(
    readonly directory: string,
    options: BlobStoreOptions = {},
  ) {
    this.name = directory;
    this.durable = options.durable ?? true;
  }

  pathOf(digest: Digest): string {
    return join(this.directory, 'blobs', 'sha256', hexOf(digest));
  }

  async has(digest: Digest): Promise<boolean> {
    return (await this.sizeOf(digest)) !== null;
  }

  /** In bytes; null where the blob is not there. Says nothing about its content. */
  async sizeOf(digest: Digest): Promise<number | null> {
    try {
      return (await stat(this.pathOf(digest))).size;
    } catch {
      return null;
    }
  }

  async open(digest: Digest): Promise<Readable> {
    await this.check(digest);
    const file = createReadStream(this.pathOf(digest), { highWaterMark: 1 << 18 });
    return piped(file, verifying(digest, this.name));
  }

  /**
   * Hashes the blob; a damaged one is moved to `<directory>/damaged`, so that the next write heals it.
   *
   * @throws OciError `BLOB_MISSING`, `BLOB_DAMAGED`
   */
  async check(digest: Digest): Promise<void> {
    if (!(await this.has(digest))) throw missing(digest, this.name);
    const found = await fileDigest(this.pathOf(digest));
    if (found === digest) return;
    await mkdir(join(this.directory, 'damaged'), { recursive: true });
    const aside = join(this.directory, 'damaged', `${hexOf(digest)}-${randomName()}`);
    // Another process may have moved it already: then there is nothing left to do.
    await rename(this.pathOf(digest), aside).catch(() => undefined);
    throw damaged(digest, found, this.name);
  }

  /**
   * Stores a stream.
   *
   * @throws OciError `BLOB_DAMAGED` when `expected` is given and the content is another; nothing is stored
   */
  async put(content: Readable | Iterable<Uint8Array>, expected?: Digest): Promise<StoredBlob> {
    const draft = await this.draft();
    try {
      for await (const chunk of content as AsyncIterable<Uint8Array>) await draft.write(chunk);
      return await draft.commit(expected);
    } finally {
      await draft.discard();
    }
  }

  async putBytes(bytes: Uint8Array): Promise<StoredBlob> {
    const digest = digestOf(bytes);
    if ((await this.sizeOf(digest)) === bytes.byteLength) {
      const intact = await this.check(digest).then(
        () => true,
        () => false,
      );
      if (intact) return { digest, sizeBytes: bytes.byteLength };
    }
    return this.put([bytes]);
  }

  /** A blob in the making. `commit` gives it its name; `discard` afterwards does nothing. */
  async draft(): Promise<BlobDraft> {
    const folder = join(this.directory, 'incoming');
    await mkdir(folder, { recursive: true });
    const path = join(folder, randomName());
    return new BlobDraft(this, path, await open(path, 'wx'), this.durable);
  }

  /** Removes what killed writers left, when it is older than `olderThanMs`. */
  async sweep(olderThanMs = 24 * 3600 * 1000): Promise<void> {
    for (const folder of ['incoming', 'damaged']) {
      const names = await readdir(join(this.directory, folder)).catch(() => []);
      for (const name of names) {
        const path = join(this.directory, folder, name);
        const info = await stat(path).catch(() => null);
        if (info && Date.now() - info.mtimeMs > olderThanMs) await rm(path, { force: true });
      }
    }
  }
}

/** A store that several projects share: what nobody has read for long goes. */
export async function evictUnread(store: BlobStore, olderThanMs: number): Promise<void> {
  const folder = join(store.directory, 'blobs', 'sha256');
  for (const name of await readdir(folder).catch(() => [])) {
    const path = join(folder, name);
    const info = await stat(path).catch(() => null);
    if (info && Date.now() - Math.max(info.atimeMs, info.mtimeMs) > olderThanMs)
      await rm(path, { force: true });
  }
}

export class BlobDraft {
  private readonly hasher = new Hasher();
  private open = true;

  constructor(
    private readonly store: BlobStore,
    readonly path: string,
    private readonly file: FileHandle,
    private readonly durable: boolean,
  ) {}

  async write(bytes: Uint8Array): Promise<void> {
    this.hasher.update(bytes);
    let offset = 0;
    while (offset < bytes.byteLength) {
      offset += (await this.file.write(bytes, offset)).bytesWritten;
    }
  }

  /** @throws OciError `BLOB_DAMAGED` when the content is not `expected`'s */
  async commit(expected?: Digest): Promise<StoredBlob> {
    const { sizeBytes } = this.hasher;
    const digest = this.hasher.digest();
    if (expected !== undefined && digest !== expected) {
      throw damaged(expected, digest, `what came for ${this.store.name}`);
    }
    if (this.durable) await this.file.sync();
    await this.close();
    const path = this.store.pathOf(digest);
    await mkdir(join(this.store.directory, 'blobs', 'sha256'), { recursive: true });
    await rename(this.path, path);
    if (this.durable) await syncFolder(join(this.store.directory, 'blobs', 'sha256'));
    return { digest, sizeBytes };
  }

  async discard(): Promise<void> {
    await this.close();
    await rm(this.path, { force: true });
  }

  private async close(): Promise<void> {
    if (!this.open) return;
    this.open = false;
    await this.file.close();
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

export function randomName(): string {
  return `${process.pid}-${randomBytes(6).toString('hex')}`;
}
