import {
  closeSync,
  fdatasync,
  fstatSync,
  fsync,
  linkSync,
  openSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { promisify } from 'node:util';
import { FileSeal } from '../encryption/file-seal';
import type { EntryRecord } from '../entry/entry-record';
import { identityOf } from '../entry/file-identity';
import { encodeFooter } from '../entry/footer';
import { systemCode } from '../error';
import type { EntryFile, WantedFile, WrittenArchive } from './archive-messages';

/** Of a large file, this much is sent to the disk at a time, so that little is left to wait for. */
const earlySyncBytes = 16 * 1024 * 1024;

const datasync = promisify(fdatasync);
const sync = promisify(fsync);

/** A new file that an archive is written into, and then what it is the entry of. */
export class ArchiveFile {
  readonly seal: FileSeal | null;
  readonly #file: number;
  #unsyncedBytes = 0;
  #syncing: Promise<void> | null = null;
  #fault: { error: unknown } | null = null;
  #isClosed = false;

  constructor(readonly wanted: WantedFile) {
    const { seal } = wanted;
    this.seal = seal && new FileSeal(seal.name, seal.key);
    this.#file = openSync(wanted.path, 'wx', 0o600);
  }

  write(lying: Buffer): void {
    for (let at = 0; at < lying.length;) at += writeSync(this.#file, lying, at);
    this.#unsyncedBytes += lying.length;
    if (this.#syncing || this.#unsyncedBytes < earlySyncBytes) return;
    this.#unsyncedBytes = 0;
    this.#syncing = datasync(this.#file)
      .catch((error: unknown) => void (this.#fault ??= { error }))
      .finally(() => (this.#syncing = null));
  }

  /** What the disk refused on the way. The kernel says it once, so that a later sync would not. */
  async checkSynced(): Promise<void> {
    await this.#syncing;
    if (this.#fault) throw this.#fault.error;
  }

  /** What stands behind the archive, where it is an entry's. */
  footerOf(archive: WrittenArchive): { footer: Buffer; record: EntryRecord } | null {
    const { entry } = this.wanted;
    if (!entry) return null;
    const { sizeBytes, sha256, outputs, packing } = archive;
    const { key, writer, signature } = entry.origin;
    const record = { sizeBytes, sha256, createdAtMs: Date.now(), writer, outputs, packing, signature }; // prettier-ignore
    return { footer: encodeFooter(record, key, this.seal), record };
  }

  /**
   * Puts the entry in its place, unless that is taken, and resolves when it is on the disk there. One sync
   * is for content and name: on the usual file systems a file's own takes what names it along. So a power
   * cut before the answer can leave half of it in place; its digest says so.
   */
  async settle(record: EntryRecord): Promise<EntryFile> {
    await this.checkSynced();
    const identity = identityOf(fstatSync(this.#file, { bigint: true }));
    const { path, entry } = this.wanted;
    const place = entry!.path;
    const outcome = linkNew(path, place);
    if (outcome !== 'stored') return { record, identity, outcome };
    try {
      unlinkSync(path);
      await sync(this.#file);
    } catch (error) {
      unlinkSync(place);
      throw error;
    }
    return { record, identity, outcome };
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    // A number that is closed while it is synced could be another file's by then.
    if (this.#syncing) void this.#syncing.then(() => closeSync(this.#file));
    else closeSync(this.#file);
  }
}

function linkNew(from: string, to: string): EntryFile['outcome'] {
  try {
    linkSync(from, to);
    return 'stored';
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return 'exists';
    // Somebody has tidied up below us.
    if (systemCode(error) === 'ENOENT') return 'no-folder';
    throw error;
  }
}
