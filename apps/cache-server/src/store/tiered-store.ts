import { existsSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { keyText, type EntryKey } from '../entry-key';
import { systemCode } from '../error';
import { raiseFull, removeIfThere } from '../upload/spool-file';
import type { Spooled } from '../upload/spooled';
import type { Remote } from './remote';
import { asStream } from '../transfer/entry-file';
import type { EntryRecord } from '../entry/entry-record';
import type { EntryFiles, OpenEntry, Store } from './store';
import type { DiskStore } from './disk-store';

const resendMs = 30_000;

interface TierEvents {
  backFailed(error: unknown): void;
}

/**
 * A disk in front of a remote. Uploads are answered once they are on the disk, and go on to the
 * remote from there. An upload is marked on the disk before its file is in its place, and until the
 * remote has it: whenever the server ends, the next one sends what is marked. A remote that fails is
 * a miss.
 */
export class TieredStore implements Store {
  readonly files: EntryFiles = {
    pathOf: (key) => this.front.files.pathOf(key),
    prepare: async (key) => {
      await this.front.files.prepare(key);
      await this.#mark(key);
    },
    adopt: async (key, entry) => this.#written(key, await this.front.files.adopt(key, entry)),
    abandon: (key) => {
      // One whose thread ended behind our back may be in its place, and is to be sent.
      if (this.#endWriting(key) && !this.#isInPlace(key)) removeIfThere(this.#marker(key));
    },
  };
  readonly #fetching = new Map<string, Promise<void>>();
  /** Entries whose files may come at any moment, each with whether it was marked for that. */
  readonly #writing = new Map<string, boolean>();
  readonly #queued = new Set<string>();
  #sending: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;

  constructor(
    readonly front: DiskStore,
    readonly back: Remote,
    /** A folder with a file for each entry that the remote lacks. */
    readonly pendingDirectory: string,
    readonly events: TierEvents,
  ) {}

  async open(): Promise<void> {
    await mkdir(this.pendingDirectory, { recursive: true });
    void this.resend();
    this.#timer = setInterval(() => void this.resend(), resendMs).unref();
  }

  async read(key: EntryKey): Promise<OpenEntry | null> {
    const near = await this.front.read(key);
    if (near) return near;
    const text = keyText(key);
    const fetching =
      this.#fetching.get(text) ?? this.#bring(key).finally(() => this.#fetching.delete(text));
    this.#fetching.set(text, fetching);
    await fetching;
    return this.front.read(key);
  }

  async write(key: EntryKey, spooled: Spooled, record: EntryRecord): Promise<'stored' | 'exists'> {
    try {
      await this.#mark(key);
      return this.#written(key, await this.front.write(key, spooled, record));
    } catch (error) {
      this.files.abandon(key);
      throw error;
    }
  }

  /** Sends what is marked as not sent. */
  async resend(): Promise<void> {
    for (const name of await readdir(this.pendingDirectory).catch(() => [])) {
      const [scope = '', hash = ''] = name.split('@');
      this.#send({ scope, hash });
    }
    await this.#sending;
  }

  /** From the front only: what the remote keeps is for its own rules to say. */
  remove(key: EntryKey): Promise<void> {
    return this.front.remove(key);
  }

  otherBytes(): number {
    return this.front.otherBytes();
  }

  keys(): AsyncIterable<EntryKey> {
    return this.front.keys();
  }

  describe(key: EntryKey): Promise<EntryRecord | 'unreadable' | null> {
    return this.front.describe(key);
  }

  /** The front alone must serve: without the remote there are misses, and no failures. */
  check(): Promise<void> {
    return this.front.check();
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.back.close();
    await this.#sending;
    await this.front.close();
  }

  async #bring(key: EntryKey): Promise<void> {
    try {
      const fetched = await this.back.fetch(key);
      if (!fetched) return;
      try {
        await this.front.write(key, fetched.spooled, fetched.record);
      } finally {
        await fetched.spooled.discard();
      }
    } catch (error) {
      this.events.backFailed(error);
    }
  }

  async #mark(key: EntryKey): Promise<void> {
    const text = keyText(key);
    if (this.#writing.has(text)) return;
    // From here on nobody takes its mark away, also one that is there already.
    this.#writing.set(text, false);
    try {
      await writeFile(this.#marker(key), '', { flag: 'wx' });
      this.#writing.set(text, true);
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') raiseFull(error);
    }
  }

  #written(key: EntryKey, outcome: 'stored' | 'exists'): 'stored' | 'exists' {
    const isMarkNew = this.#endWriting(key);
    if (outcome === 'stored') this.#send(key);
    // Whoever put it there has marked it, or the remote has it.
    else if (isMarkNew) removeIfThere(this.#marker(key));
    return outcome;
  }

  /** @returns whether it was not marked before */
  #endWriting(key: EntryKey): boolean {
    const text = keyText(key);
    const isMarkNew = this.#writing.get(text) ?? false;
    this.#writing.delete(text);
    return isMarkNew;
  }

  /** Once at a time: a remote that hangs would have it queued at every look. */
  #send(key: EntryKey): void {
    const text = keyText(key);
    if (this.#queued.has(text)) return;
    this.#queued.add(text);
    this.#sending = this.#sending.then(() => {
      this.#queued.delete(text);
      return this.#sendOne(key);
    });
  }

  async #sendOne(key: EntryKey): Promise<void> {
    try {
      const entry = await this.front.read(key);
      try {
        if (entry) {
          const body = () => asStream(entry.body, entry.record.sizeBytes);
          await this.back.send(key, body, entry.record);
        }
      } finally {
        await entry?.close();
      }
      // All in one turn: between a look and a removal an upload could have marked it anew.
      if (this.#writing.has(keyText(key))) return;
      if (entry || !this.#isInPlace(key)) removeIfThere(this.#marker(key));
    } catch (error) {
      this.events.backFailed(error);
    }
  }

  #isInPlace(key: EntryKey): boolean {
    return existsSync(this.front.files.pathOf(key));
  }

  #marker({ scope, hash }: EntryKey): string {
    return join(this.pendingDirectory, `${scope}@${hash}`);
  }
}
