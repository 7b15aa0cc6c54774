import { createHash, type Hash } from 'node:crypto';
import { Normaliser } from '../archive/normaliser';
import { leaveBuffers } from '../archive/young-garbage';
import { ChunkSealer } from '../encryption/file-seal';
import { ArchiveFile } from './archive-file';
import type { ArchiveRules, EntryFile, WantedFile, WrittenArchive } from './archive-messages';
import { isKept, nameBudget, normaliserOptions, writtenPacking } from './rules-of-writing';

/** An archive that is written into a file while it arrives. */
export class StreamedArchive {
  readonly #file: ArchiveFile;
  readonly #received: Hash | null;
  readonly #written = createHash('sha256');
  readonly #normaliser: Normaliser;
  readonly #sealer: ChunkSealer | null;
  readonly #isKept: boolean;
  #sizeBytes = 0;
  #isOver = false;

  constructor(
    wanted: WantedFile,
    readonly rules: ArchiveRules,
  ) {
    this.#isKept = isKept(rules);
    this.#received = rules.digestReceived ? createHash('sha256') : null;
    this.#file = new ArchiveFile(wanted);
    const { seal } = this.#file;
    this.#sealer = seal && new ChunkSealer(seal, (sealed) => this.#file.write(sealed));
    const take = (packed: Buffer) => this.#write(packed);
    this.#normaliser = new Normaliser(rules.limits, nameBudget, take, normaliserOptions(rules));
  }

  async block(block: Buffer): Promise<void> {
    this.#received?.update(block);
    await this.#normaliser.write(block);
    if (this.#isKept) this.#write(block);
    leaveBuffers(2 * block.length);
  }

  async end(): Promise<{ archive: WrittenArchive; entry: EntryFile | null }> {
    const { outputs, contentSha256 } = await this.#normaliser.end();
    this.#sealer?.end();
    const archive = {
      packing: writtenPacking(this.rules),
      sizeBytes: this.#sizeBytes,
      sha256: this.#written.digest('hex'),
      receivedSha256: this.#received?.digest('hex') ?? null,
      contentSha256,
      outputs,
    };
    const end = this.#file.footerOf(archive);
    if (!end) {
      await this.#file.checkSynced();
      return { archive, entry: null };
    }
    this.#file.write(end.footer);
    return { archive, entry: await this.#file.settle(end.record) };
  }

  /** To be called once nothing more comes, whatever happened. */
  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#normaliser.release();
    this.#file.close();
  }

  #write(packed: Buffer): void {
    this.#written.update(packed);
    this.#sizeBytes += packed.length;
    if (this.#sealer) this.#sealer.write(packed);
    else this.#file.write(packed);
  }
}
