import { createHash } from 'node:crypto';
import { constants, type BigIntStats } from 'node:fs';
import { access, link, mkdir, open, readdir, rename, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../error';
import { isHash, isScopeName, type EntryKey } from '../entry-key';
import { raiseFull, type Spooled } from '../upload/spool';
import { HotEntries } from './hot-entries';
import { decodeFooter, encodeFooter, maxFooterBytes } from './disk-format';
import type { EntryRecord, OpenEntry, Store } from './store';

/** Up to this size an entry is read in one go and answered from memory. */
const smallBytes = 128 * 1024;
const hotBytes = 12 * 1024 * 1024;
const maxHotEntryBytes = 64 * 1024;
const streamBytes = 128 * 1024;
/** A file that has not changed since it was checked is taken as checked for this long. */
const trustMs = 60 * 60 * 1000;
const maxTrusted = 10_000;

interface DiskEvents {
  /** A damaged entry was moved away. */
  damaged(key: EntryKey): void;
}

/**
 * Entries as files: `entries/<scope>/<shard>/<hash>`. A file appears by `link`, complete and synced,
 * and fails to when the name is taken; nobody ever sees half of one.
 */
export class DiskStore implements Store {
  readonly #entries: string;
  readonly #quarantine: string;
  readonly #hot = new HotEntries(hotBytes, maxHotEntryBytes);
  readonly #folders = new Set<string>();
  readonly #checked = new Map<string, { identity: string; untilMs: number }>();

  constructor(
    readonly directory: string,
    readonly events: DiskEvents,
  ) {
    this.#entries = join(directory, 'entries');
    this.#quarantine = join(directory, 'quarantine');
  }

  async read(key: EntryKey): Promise<OpenEntry | null> {
    const hot = this.#hot.get(key);
    if (hot) return { ...hot, close: async () => undefined };
    const path = this.#path(key);
    const handle = await openIfThere(path);
    if (!handle) return null;
    let handedOut = false;
    try {
      const stats = await handle.stat({ bigint: true });
      const entry =
        stats.size <= smallBytes
          ? await readSmall(handle, stats)
          : await this.#openLarge(path, handle, stats);
      handedOut = entry !== null && typeof entry.body === 'function';
      if (!entry) await this.#setAside(key, path);
      else if (typeof entry.body !== 'function')
        this.#hot.add(key, { record: entry.record, body: entry.body });
      return entry;
    } finally {
      if (!handedOut) await handle.close();
    }
  }

  async write(key: EntryKey, spooled: Spooled, record: EntryRecord): Promise<'stored' | 'exists'> {
    const footer = encodeFooter(record);
    const { bytesWritten } = await spooled.handle
      .write(footer, 0, footer.length, spooled.sizeBytes)
      .catch(raiseFull);
    if (bytesWritten < footer.length)
      raiseFull(Object.assign(new Error('short write'), { code: 'ENOSPC' }));
    await spooled.handle.datasync().catch(raiseFull);
    const outcome = await this.#link(spooled.path, key);
    if (outcome === 'exists') return outcome;
    if (spooled.bytes) this.#hot.add(key, { record, body: spooled.bytes });
    // What has just been digested on its way in needs no second look before it is first read.
    else this.#trust(this.#path(key), await spooled.handle.stat({ bigint: true }));
    return outcome;
  }

  async remove(key: EntryKey): Promise<void> {
    const path = this.#path(key);
    this.#checked.delete(path);
    this.#hot.remove(key);
    await rm(path, { force: true });
  }

  async *keys(): AsyncIterable<EntryKey> {
    for (const scope of await namesIn(this.#entries)) {
      if (!isScopeName(scope)) continue;
      for (const shard of await namesIn(join(this.#entries, scope))) {
        for (const hash of await namesIn(join(this.#entries, scope, shard))) {
          if (isHash(hash)) yield { scope, hash };
        }
      }
    }
  }

  async describe(key: EntryKey): Promise<EntryRecord | null> {
    const handle = await openIfThere(this.#path(key));
    if (!handle) return null;
    try {
      return await readRecord(handle, Number((await handle.stat()).size));
    } finally {
      await handle.close();
    }
  }

  async check(): Promise<void> {
    await mkdir(this.#entries, { recursive: true });
    await access(this.#entries, constants.R_OK | constants.W_OK);
  }

  async close(): Promise<void> {}

  async #openLarge(
    path: string,
    handle: FileHandle,
    stats: BigIntStats,
  ): Promise<OpenEntry | null> {
    const fileBytes = Number(stats.size);
    const record = await readRecord(handle, fileBytes);
    if (!record || !(await this.#isWhole(path, handle, stats, record))) return null;
    const close = async () => handle.close().catch(() => undefined);
    return {
      record,
      body: () =>
        handle.createReadStream({
          start: 0,
          end: record.sizeBytes - 1,
          highWaterMark: streamBytes,
          autoClose: false,
        }),
      close,
    };
  }

  async #isWhole(
    path: string,
    handle: FileHandle,
    stats: BigIntStats,
    record: EntryRecord,
  ): Promise<boolean> {
    const checked = this.#checked.get(path);
    if (checked?.identity === identityOf(stats) && checked.untilMs > Date.now()) return true;
    if ((await digestOf(handle, record.sizeBytes)) !== record.sha256) return false;
    this.#trust(path, stats);
    return true;
  }

  #trust(path: string, stats: BigIntStats): void {
    if (this.#checked.size >= maxTrusted) this.#checked.delete(this.#checked.keys().next().value!);
    this.#checked.set(path, { identity: identityOf(stats), untilMs: Date.now() + trustMs });
  }

  async #setAside(key: EntryKey, path: string): Promise<void> {
    await mkdir(this.#quarantine, { recursive: true });
    const kept = join(this.#quarantine, `${key.scope}__${key.hash}__${Date.now()}`);
    await rename(path, kept).catch(async () => rm(path, { force: true }));
    this.events.damaged(key);
  }

  #folder({ scope, hash }: EntryKey): string {
    return join(this.#entries, scope, hash.slice(-2).padStart(2, '0'));
  }

  #path(key: EntryKey): string {
    return join(this.#folder(key), key.hash);
  }

  async #link(from: string, key: EntryKey): Promise<'stored' | 'exists'> {
    const folder = this.#folder(key);
    for (;;) {
      const isKnown = this.#folders.has(folder);
      if (!isKnown) await mkdir(folder, { recursive: true }).catch(raiseFull);
      this.#folders.add(folder);
      try {
        await link(from, this.#path(key));
        return 'stored';
      } catch (error) {
        if (systemCode(error) === 'EEXIST') return 'exists';
        // Somebody has tidied up below us.
        if (systemCode(error) !== 'ENOENT' || !isKnown) return raiseFull(error);
        this.#folders.delete(folder);
      }
    }
  }
}

/** Changes when somebody writes to the file; not ctime, which changes with the number of its names. */
function identityOf({ ino, size, mtimeNs }: BigIntStats): string {
  return `${ino}:${size}:${mtimeNs}`;
}

async function readSmall(handle: FileHandle, stats: BigIntStats): Promise<OpenEntry | null> {
  const file = Buffer.allocUnsafeSlow(Number(stats.size));
  const { bytesRead } = await handle.read(file, 0, file.length, 0);
  const record = bytesRead === file.length ? decodeFooter(file, file.length) : null;
  if (!record) return null;
  const body = file.subarray(0, record.sizeBytes);
  const digest = createHash('sha256').update(body).digest('hex');
  return digest === record.sha256 ? { record, body, close: async () => undefined } : null;
}

async function readRecord(handle: FileHandle, fileBytes: number): Promise<EntryRecord | null> {
  const end = Buffer.allocUnsafe(Math.min(maxFooterBytes, fileBytes));
  await handle.read(end, 0, end.length, fileBytes - end.length);
  return decodeFooter(end, fileBytes);
}

async function digestOf(handle: FileHandle, sizeBytes: number): Promise<string> {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafeSlow(streamBytes);
  for (let at = 0; at < sizeBytes;) {
    const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, sizeBytes - at), at);
    if (bytesRead === 0) break;
    hash.update(buffer.subarray(0, bytesRead));
    at += bytesRead;
  }
  return hash.digest('hex');
}

async function openIfThere(path: string): Promise<FileHandle | null> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return null;
    throw error;
  }
}

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}
