import { constants, linkSync, rmSync, statSync, type BigIntStats } from 'node:fs';
import { access, mkdir, open, readdir, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { KeyRing } from '../encryption/key-ring';
import { systemCode } from '../error';
import { isHash, isScopeName, keyText, type EntryKey } from '../entry-key';
import type { Spooled, SpooledEntry } from '../upload/spooled';
import { raiseFull } from '../upload/spool-file';
import { Quarantine } from './quarantine';
import { HotEntries } from './hot-entries';
import { identityOf } from '../entry/file-identity';
import { encodeFooter } from '../entry/footer';
import type { Found } from './disk-format';
import { contentIn, digestOf, findIn, readSmall } from './read-entry';
import type { EntryRecord } from '../entry/entry-record';
import type { EntryFiles, OpenEntry, Store } from './store';

/** Up to this size an entry is read in one go and answered from memory. */
const smallBytes = 128 * 1024;
const hotBytes = 12 * 1024 * 1024;
const maxHotEntryBytes = 64 * 1024;
/** A file that has not changed since it was checked is taken as checked for this long. */
const trustMs = 60 * 60 * 1000;
const maxTrusted = 10_000;
const maxFolders = 10_000;

interface DiskEvents {
  /** A damaged entry was moved away. */
  damaged(key: EntryKey): void;
  /** No key of ours opens what was asked for. */
  unreadable?(key: EntryKey): void;
}

/** A file that was found to be whole, and what it is. */
interface Checked {
  identity: string;
  untilMs: number;
  found: Found;
}

/**
 * Entries as files: `entries/<scope>/<shard>/<hash>`. A file appears by `link`, complete, and
 * fails to when the name is taken. A power cut before it is synced, and so before anybody was told of it,
 * can leave half of one: its record or its digest says so, and it is never handed out.
 */
export class DiskStore implements Store {
  readonly #entries: string;
  readonly #hot = new HotEntries(hotBytes, maxHotEntryBytes);
  readonly #folders = new Set<string>();
  readonly #checked = new Map<string, Checked>();
  readonly #known = new Set<string>();
  /** Once all keys were listed, what is not known is not there: a miss costs no call of the system. */
  #isListed = false;
  /** How many entries have gone; a read that sees it change keeps nothing of what it read. */
  #removals = 0;
  readonly quarantine: Quarantine;
  readonly files: EntryFiles = {
    pathOf: (key) => this.#path(key),
    prepare: (key) => this.#makeFolder(this.#folder(key)),
    adopt: (key, entry) => this.#adopt(key, entry),
    abandon: () => undefined,
  };

  constructor(
    readonly directory: string,
    readonly events: DiskEvents,
    /** With keys, what is not sealed with one of them is as good as not there. */
    readonly ring: KeyRing | null = null,
  ) {
    this.#entries = join(directory, 'entries');
    this.quarantine = new Quarantine(join(directory, 'quarantine'));
  }

  async read(key: EntryKey): Promise<OpenEntry | null> {
    const hot = this.#hot.get(key);
    if (hot) return { ...hot, close: async () => undefined };
    if (this.#isListed && !this.#known.has(keyText(key))) return null;
    const path = this.#path(key);
    const removals = this.#removals;
    const handle = await openIfThere(path);
    if (!handle) return null;
    let handedOut = false;
    try {
      const stats = await handle.stat({ bigint: true });
      const entry =
        stats.size <= smallBytes
          ? await readSmall(handle, Number(stats.size), key, this.ring)
          : await this.#openLarge(key, path, handle, stats);
      if (entry === 'unreadable') {
        this.events.unreadable?.(key);
        return null;
      }
      handedOut = entry !== null && !Buffer.isBuffer(entry.body);
      if (!entry) this.#setAside(key, path, stats);
      // What was removed while it was read is not to be found again.
      else if (Buffer.isBuffer(entry.body) && this.#removals === removals)
        this.#hot.add(key, { record: entry.record, body: entry.body });
      return entry;
    } finally {
      if (!handedOut) await handle.close();
    }
  }

  async write(key: EntryKey, spooled: Spooled, record: EntryRecord): Promise<'stored' | 'exists'> {
    const { content, seal } = spooled;
    const path = await spooled.persist(encodeFooter(record, key, seal));
    const isSmall = Buffer.isBuffer(content);
    const identity = isSmall ? '' : identityOf(await content.stat());
    return this.#put(key, path, { record, seal }, isSmall ? content : identity);
  }

  async remove(key: EntryKey): Promise<void> {
    const path = this.#path(key);
    // All in one turn: a write between the file's end and the end of what is known of it would be
    // an entry that is there and never found.
    rmSync(path, { force: true });
    this.#forget(key, path);
  }

  otherBytes(): number {
    this.quarantine.tidy();
    return this.quarantine.sizeBytes;
  }

  async *keys(): AsyncIterable<EntryKey> {
    for (const scope of await namesIn(this.#entries)) {
      if (!isScopeName(scope)) continue;
      for (const shard of await namesIn(join(this.#entries, scope))) {
        for (const hash of await namesIn(join(this.#entries, scope, shard))) {
          if (!isHash(hash)) continue;
          this.#known.add(`${scope}/${hash}`);
          yield { scope, hash };
        }
      }
    }
    this.#isListed = true;
  }

  async describe(key: EntryKey): Promise<EntryRecord | 'unreadable' | null> {
    const handle = await openIfThere(this.#path(key));
    if (!handle) return null;
    try {
      const found = await findIn(handle, Number((await handle.stat()).size), key, this.ring);
      return found === 'unreadable' ? found : (found?.record ?? null);
    } finally {
      await handle.close();
    }
  }

  async check(): Promise<void> {
    await mkdir(this.#entries, { recursive: true });
    await access(this.#entries, constants.R_OK | constants.W_OK);
  }

  async close(): Promise<void> {}

  async #adopt(
    key: EntryKey,
    { path, record, seal, content, identity, outcome }: SpooledEntry,
  ): Promise<'stored' | 'exists'> {
    const found = { record, seal };
    if (outcome !== 'stored') {
      const late = await this.#put(key, path, found, content ?? identity);
      if (late === 'stored')
        await syncFile(this.#path(key)).catch(async (error: unknown) => {
          await this.remove(key);
          raiseFull(error);
        });
      return late;
    }
    this.#known.add(keyText(key));
    this.#note(key, found, content ?? identity);
    return outcome;
  }

  /** Puts a file in place that is whole; `known` is its content, or else what the file is. */
  async #put(
    key: EntryKey,
    file: string,
    found: Found,
    known: Buffer | string,
  ): Promise<'stored' | 'exists'> {
    let outcome = await this.#link(file, key);
    if (outcome === 'exists' && (await this.#dropUnreadable(key)))
      outcome = await this.#link(file, key);
    // Also one that nobody was told of, as where its thread ended before it could say so.
    if (outcome === 'exists') this.#known.add(keyText(key));
    if (outcome === 'stored' && this.#known.has(keyText(key))) this.#note(key, found, known);
    return outcome;
  }

  /** What has just been digested on its way in needs no second look before it is first read. */
  #note(key: EntryKey, found: Found, known: Buffer | string): void {
    if (typeof known === 'string') this.#trust(this.#path(key), known, found);
    else this.#hot.add(key, { record: found.record, body: known });
  }

  async #openLarge(
    key: EntryKey,
    path: string,
    handle: FileHandle,
    stats: BigIntStats,
  ): Promise<OpenEntry | 'unreadable' | null> {
    const found = await this.#check(key, path, handle, stats);
    if (!found || found === 'unreadable') return found;
    const close = () => handle.close().catch(() => undefined);
    return { record: found.record, body: contentIn(handle, found), close };
  }

  async #check(
    key: EntryKey,
    path: string,
    handle: FileHandle,
    stats: BigIntStats,
  ): Promise<Found | 'unreadable' | null> {
    const checked = this.#checked.get(path);
    if (checked?.identity === identityOf(stats) && checked.untilMs > performance.now())
      return checked.found;
    const found = await findIn(handle, Number(stats.size), key, this.ring);
    if (!found || found === 'unreadable') return found;
    const { sizeBytes, sha256 } = found.record;
    if ((await digestOf(contentIn(handle, found), sizeBytes)) !== sha256) return null;
    this.#trust(path, identityOf(stats), found);
    return found;
  }

  /**
   * What nobody can read, or was left half written by a power cut, gives way. Of the file that was looked
   * at only: another one in its place may be good.
   */
  async #dropUnreadable(key: EntryKey): Promise<boolean> {
    const path = this.#path(key);
    const handle = await openIfThere(path);
    if (!handle) return true;
    try {
      const stats = await handle.stat({ bigint: true });
      const { ino, size } = stats;
      const found = await findIn(handle, Number(size), key, this.ring);
      if (found === null) this.#setAside(key, path, stats);
      if (found !== 'unreadable') return found === null;
      if (statSync(path, { bigint: true, throwIfNoEntry: false })?.ino === ino) {
        rmSync(path, { force: true });
        this.#forget(key, path);
      }
      return true;
    } finally {
      await handle.close();
    }
  }

  #trust(path: string, identity: string, found: Found): void {
    if (this.#checked.size >= maxTrusted) this.#checked.delete(this.#checked.keys().next().value!);
    const untilMs = performance.now() + trustMs;
    this.#checked.set(path, { identity, untilMs, found });
  }

  /** In one turn, as a removal is; and only the file that was found damaged, not one that came since. */
  #setAside(key: EntryKey, path: string, { ino }: BigIntStats): void {
    if (statSync(path, { bigint: true, throwIfNoEntry: false })?.ino !== ino) return;
    this.quarantine.take(key, path);
    this.#forget(key, path);
    this.events.damaged(key);
  }

  #forget(key: EntryKey, path: string): void {
    this.#checked.delete(path);
    this.#hot.remove(key);
    this.#known.delete(keyText(key));
    this.#removals += 1;
  }

  #folder({ scope, hash }: EntryKey): string {
    return join(this.#entries, scope, hash.slice(-2).padStart(2, '0'));
  }

  #path(key: EntryKey): string {
    return join(this.#folder(key), key.hash);
  }

  async #makeFolder(folder: string): Promise<void> {
    if (this.#folders.has(folder)) return;
    await mkdir(folder, { recursive: true }).catch(raiseFull);
    if (this.#folders.size >= maxFolders) this.#folders.clear();
    this.#folders.add(folder);
  }

  async #link(from: string, key: EntryKey): Promise<'stored' | 'exists'> {
    const folder = this.#folder(key);
    for (;;) {
      const isKnown = this.#folders.has(folder);
      await this.#makeFolder(folder);
      try {
        linkSync(from, this.#path(key));
        this.#known.add(keyText(key));
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

async function openIfThere(path: string): Promise<FileHandle | null> {
  try {
    // Without waiting: a pipe in its place would keep a thread that opens files for good.
    return await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return null;
    throw error;
  }
}

async function syncFile(path: string): Promise<void> {
  const handle = await open(path, 'r');
  await handle.sync().finally(() => handle.close());
}

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}
