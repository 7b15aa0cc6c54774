import { createHash, type Hash } from 'node:crypto';
import { CacheError } from '../error';
import { GzipReader, unpackSmall } from './gzip-reader';
import { GzipWriter } from './gzip-writer';
import type { NameBudget } from './entry-names';
import { ratioFreeBytes, type ArchiveLimits } from './limits';
import { NxContents } from './nx-contents';
import type { Packing } from './packing';
import { refuse } from './refusal';
import { TarReader, type TarSink } from './tar-reader';
import type { WorkspacePlace } from './workspace-place';
import { tarEnd, tarPadding, writeHeader } from './tar-header';
import { unzstdSmall, ZstdReader } from './zstd-reader';

const chunkBytes = 64 * 1024;
/** What a sender has made at least this much of the original is not packed again. */
const packedShare = 0.9;
/** An archive that unpacks to no more may grow, for its headers alone: to pack them takes as long as all the rest. */
const smallUnpackedBytes = 128 * 1024;
const mostGrowth = 1.5;

export interface NormaliserOptions {
  /** Where it is to be unpacked, where that is known. */
  place?: WorkspacePlace | undefined;
  digestContent?: boolean | undefined;
  /** How what comes is packed; gzip unless it says so. */
  packing?: Packing | undefined;
  /** Nothing is written anew: what comes is to be kept, and so must be in its plain form already. */
  isKept?: boolean | undefined;
}

export interface ArchiveSummary {
  entries: number;
  unpackedBytes: number;
  /** The first few output paths: what the entry is of, where nobody said. */
  outputs: string[];
  contentSha256: string | null;
}

/**
 * Reads an archive (a tar.gz) as it streams and writes it anew from what was read: what is kept is
 * never what a stranger sent, so that it holds nothing that another reader could read another way.
 * It throws `ARCHIVE_REFUSED` at the first thing that must not reach a workspace, or that Nx could
 * not use.
 */
export class Normaliser implements TarSink {
  readonly #contents: NxContents;
  readonly #tar = new TarReader(this);
  /** Null where nothing is written anew. */
  readonly #packer: GzipWriter | null;
  readonly #digest: Hash | null;
  /** Of what came, unpacked, where it is to be the plain form. */
  readonly #unpackedDigest: Hash | null;
  readonly #packing: Packing;
  #unpacker: GzipReader | ZstdReader | null = null;
  #entryBytes = 0;
  #sentBytes = 0;
  #unpackedBytes = 0;
  #sentAtWindow = 0;
  #contentBytes = 0;
  /** Of an archive that came at once, whether its sender could pack it. */
  #isPacked: boolean | null = null;

  constructor(
    readonly limits: ArchiveLimits,
    budget: NameBudget,
    /** What is given to it is not its to keep. */
    take: (packed: Buffer) => void,
    { place, digestContent = false, packing = 'gzip', isKept = false }: NormaliserOptions = {},
  ) {
    this.#digest = digestContent || isKept ? createHash('sha256') : null;
    this.#unpackedDigest = isKept ? createHash('sha256') : null;
    this.#packing = packing;
    this.#contents = new NxContents(limits, budget, place ?? null);
    this.#packer = isKept
      ? null
      : new GzipWriter(take, (windowBytes) => this.#isWorthPacking(windowBytes));
  }

  /** All of a small archive, at once; null when it is too large for that, and nothing was done. */
  whole(archive: Buffer, maxUnpackedBytes: number): ArchiveSummary | null {
    const unpack = this.#packing === 'zstd' ? unzstdSmall : unpackSmall;
    const unpacked = unpack(archive, maxUnpackedBytes);
    if (!unpacked) return null;
    this.#countSent(archive.length);
    this.#isPacked = archive.length < packedShare * unpacked.length;
    this.#push(unpacked);
    return this.#summary();
  }

  /** Resolves when the block has been read and what came of it was taken. */
  async write(block: Buffer): Promise<void> {
    this.#countSent(block.length);
    this.#unpacker ??= this.#newUnpacker();
    await this.#unpacker.write(block);
  }

  async end(): Promise<ArchiveSummary> {
    if (this.#sentBytes === 0) refuse('nothing');
    await this.#unpacker?.end();
    return this.#summary();
  }

  /** To be called once, whatever happened. */
  release(): void {
    this.#unpacker?.close();
    this.#packer?.release();
    this.#contents.release();
  }

  entry(header: Parameters<TarSink['entry']>[0]): void {
    const entry = this.#contents.entry(header);
    this.#entryBytes = entry.sizeBytes;
    this.#contentBytes += entry.sizeBytes;
    this.#write(writeHeader(entry));
  }

  content(part: Buffer): void {
    this.#contents.content(part);
    this.#write(part);
  }

  entryEnd(): void {
    this.#contents.entryEnd();
    this.#write(tarPadding(this.#entryBytes));
  }

  #summary(): ArchiveSummary {
    this.#tar.end();
    this.#contents.end();
    this.#write(tarEnd);
    this.#packer?.end();
    const { entries, outputs } = this.#contents;
    const contentSha256 = this.#digest?.digest('hex') ?? null;
    if (this.#unpackedDigest && this.#unpackedDigest.digest('hex') !== contentSha256)
      throw new CacheError('NOT_PLAIN', {
        message: 'an archive in zstd must be in its plain form',
      });
    return { entries, unpackedBytes: this.#unpackedBytes, outputs: [...outputs], contentSha256 };
  }

  #newUnpacker(): GzipReader | ZstdReader {
    const Reader = this.#packing === 'zstd' ? ZstdReader : GzipReader;
    return new Reader(chunkBytes, (unpacked) => this.#push(unpacked));
  }

  #write(data: Buffer): void {
    this.#digest?.update(data);
    this.#packer?.write(data);
  }

  #countSent(bytes: number): void {
    this.#sentBytes += bytes;
    const { maxBytes } = this.limits;
    if (this.#sentBytes > maxBytes) refuse(`more than ${maxBytes} bytes`);
  }

  #push(unpacked: Buffer): void {
    this.#unpackedBytes += unpacked.length;
    const { maxUnpackedBytes, maxRatio } = this.limits;
    if (this.#unpackedBytes > maxUnpackedBytes)
      refuse(`more than ${maxUnpackedBytes} bytes unpacked`);
    const isLarge = this.#unpackedBytes > ratioFreeBytes;
    if (isLarge && this.#unpackedBytes > this.#sentBytes * maxRatio)
      refuse(`more than ${maxRatio} bytes unpacked for each byte sent`);
    this.#unpackedDigest?.update(unpacked);
    this.#tar.push(unpacked);
  }

  #isWorthPacking(windowBytes: number): boolean {
    if (this.#isPacked !== null) return this.#isPacked && !this.#isNoise();
    const sent = this.#sentBytes - this.#sentAtWindow;
    this.#sentAtWindow = this.#sentBytes;
    return sent < packedShare * windowBytes;
  }

  /** Whether it is a small one, and what its sender could pack were headers alone. */
  #isNoise(): boolean {
    const isSmall = this.#unpackedBytes <= smallUnpackedBytes;
    const isContentPacked = this.#sentBytes < packedShare * this.#contentBytes;
    return isSmall && !isContentPacked && this.#unpackedBytes <= mostGrowth * this.#sentBytes;
  }
}
