import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { keyText, type EntryKey } from '../entry-key';
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
 * remote from there; what could not be sent is marked on the disk and tried again. A remote that
 * fails is a miss.
 */
export class TieredStore implements Store {
  readonly files: EntryFiles = {
    pathOf: (key) => this.front.files.pathOf(key),
    makeFolder: (key) => this.front.files.makeFolder(key),
    adopt: async (key, entry) => this.#sentOn(key, await this.front.files.adopt(key, entry)),
  };
  readonly #fetching = new Map<string, Promise<void>>();
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
    return this.#sentOn(key, await this.front.write(key, spooled, record));
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

  async #sentOn(key: EntryKey, outcome: 'stored' | 'exists'): Promise<'stored' | 'exists'> {
    if (outcome === 'stored') {
      await writeFile(this.#marker(key), '');
      this.#send(key);
    }
    return outcome;
  }

  #send(key: EntryKey): void {
    this.#sending = this.#sending.then(() => this.#sendOne(key));
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
      await rm(this.#marker(key), { force: true });
    } catch (error) {
      this.events.backFailed(error);
    }
  }

  #marker({ scope, hash }: EntryKey): string {
    return join(this.pendingDirectory, `${scope}@${hash}`);
  }
}
