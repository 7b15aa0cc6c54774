import { createReadStream, readFileSync } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bytesOf } from '@excel2doc/go-text';
import type { BlobSource } from '../blob/source';
import { randomName } from '../blob/store';
import { type Digest, digestOf, Hasher } from '../digest';
import { OciError } from '../error';
import { decompressed } from '../layer/compression';
import type { LayerRecord } from '../layout/record';
import { readTar } from '../tar/read';
import type { Content, Inode } from './tree';

/** Up to here a file is read in one go. */
const SMALL_BYTES = 256 << 10;

/** A layer that content comes from, and the place that has it. */
export interface LayerPlace {
  layer: LayerRecord;
  source: BlobSource;
}

/**
 * Gives files' bytes from wherever they lie. What lies in layers is taken out of them beforehand,
 * one pass for each layer, into a temporary file: a layer cannot be read from its middle.
 */
export class Contents {
  private spool: { path: string; file: FileHandle; sizeBytes: number } | undefined;
  private readonly offsets = new Map<string, number>();

  constructor(private readonly places: ReadonlyMap<Digest, LayerPlace>) {}

  /** Fetches the content of all these that lies in layers. */
  async prepare(inodes: Iterable<Inode>): Promise<void> {
    const wanted = new Map<Digest, Set<string>>();
    for (const { content } of inodes) {
      if (content?.kind !== 'layer' || content.bytes) continue;
      if (this.offsets.has(spoolKey(content))) continue;
      const paths = wanted.get(content.layer) ?? new Set();
      wanted.set(content.layer, paths.add(content.path));
    }
    for (const [digest, paths] of wanted) await this.extract(digest, paths);
  }

  /**
   * Exactly `inode.sizeBytes` bytes.
   *
   * @throws OciError `CONTEXT_CHANGED` when a file is no longer what it was when the build was planned
   */
  read(inode: Inode): Buffer | AsyncIterable<Buffer> {
    const { content, sizeBytes } = inode;
    if (!content || sizeBytes === 0) return Buffer.alloc(0);
    if (content.kind === 'bytes') return content.bytes;
    if (content.kind === 'file') {
      return sizeBytes <= SMALL_BYTES
        ? readSmall(content, sizeBytes)
        : readLarge(content, sizeBytes);
    }
    if (content.bytes) return content.bytes;
    const start = this.offsets.get(spoolKey(content))!;
    return createReadStream(this.spool!.path, { start, end: start + sizeBytes - 1 });
  }

  /** Of what `read` gives. */
  async digest(inode: Inode): Promise<Digest> {
    const { content } = inode;
    if (content?.kind === 'file' && content.digest) return content.digest as Digest;
    const bytes = this.read(inode);
    if (Buffer.isBuffer(bytes)) return digestOf(bytes);
    const hasher = new Hasher();
    for await (const chunk of bytes) hasher.update(chunk);
    return hasher.digest();
  }

  async readWhole(inode: Inode): Promise<Buffer> {
    await this.prepare([inode]);
    const content = this.read(inode);
    if (Buffer.isBuffer(content)) return content;
    const parts: Buffer[] = [];
    for await (const chunk of content) parts.push(chunk);
    return Buffer.concat(parts);
  }

  async close(): Promise<void> {
    await this.spool?.file.close();
    if (this.spool) await rm(this.spool.path, { force: true });
    this.spool = undefined;
  }

  private async extract(digest: Digest, paths: Set<string>): Promise<void> {
    const { layer, source } = this.places.get(digest)!;
    const spool = (this.spool ??= await newSpool());
    const tar = decompressed(await source.open(digest), layer.mediaType);
    for await (const { entry, content } of readTar(tar)) {
      if (entry.type !== 'file' || !paths.has(entry.path)) continue;
      this.offsets.set(spoolKey({ layer: digest, path: entry.path }), spool.sizeBytes);
      for await (const chunk of content()) {
        await spool.file.write(chunk, 0, chunk.length, spool.sizeBytes);
        spool.sizeBytes += chunk.length;
      }
    }
  }
}

async function newSpool() {
  const path = join(tmpdir(), `excel2doc-content-${randomName()}`);
  return { path, file: await open(path, 'wx+', 0o600), sizeBytes: 0 };
}

function spoolKey({ layer, path }: { layer: Digest; path: string }): string {
  return `${layer}/${path}`;
}

type FileContent = Extract<Content, { kind: 'file' }>;

function readSmall(content: FileContent, sizeBytes: number): Buffer {
  const bytes = readFileSync(bytesOf(content.path));
  check(content, new Hasher().update(bytes), sizeBytes);
  return bytes;
}

async function* readLarge(content: FileContent, sizeBytes: number): AsyncGenerator<Buffer> {
  const hasher = new Hasher();
  const stream = createReadStream(bytesOf(content.path), { highWaterMark: 1 << 18 });
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    hasher.update(chunk);
    // Never more than was promised: the tar would be garbled before it is given up.
    if (hasher.sizeBytes > sizeBytes) break;
    yield chunk;
  }
  check(content, hasher, sizeBytes);
}

function check(content: FileContent, hasher: Hasher, sizeBytes: number): void {
  const found = hasher.digest();
  const sameDigest = content.digest === undefined || content.digest === found;
  if (hasher.sizeBytes === sizeBytes && sameDigest) return;
  throw new OciError('CONTEXT_CHANGED', {
    message: `${content.path} changed during the build`,
    hint: 'run it again',
    found,
    ...(content.digest !== undefined && { expected: content.digest }),
  });
}
