import type { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import type { Grant } from './access/grant';
import { keyText, type EntryKey } from './entry-key';
import { ruleFor, type ScopeRules } from './access/scopes';
import type { Packing } from './archive/packing';
import { chooseEvictions, type KeepRules, type ScopeKeep } from './ledger/eviction';
import type { Ledger } from './ledger/ledger';
import type { LedgerEntry } from './ledger/ledger-entry';
import type { EntryOrigin, EntryRecord } from './entry/entry-record';
import type { EntryFiles, OpenEntry, Store } from './store/store';
import { asStream } from './transfer/entry-file';
import { readsOf, type Spool, type SpoolRules } from './upload/spool';

interface CacheParts {
  store: Store;
  spool: Spool;
  ledger: Ledger;
}

/** What is kept, of all and of each scope; a changed configuration brings another one. */
export interface Keeping {
  keep: KeepRules;
  scopes: ScopeRules;
}

/** Of the whole, what one untrusted scope has for itself unless its rule says otherwise. */
const untrustedShare = 0.2;

/** After so long a removal of many lets others have their turn: to unlink 100,000 files takes seconds. */
const turnMs = 10;

/** The cache behind the protocol: scopes above, a store below. */
export class Cache {
  readonly #busy = new Map<string, number>();
  readonly #turns = new Map<string, Promise<void>>();

  constructor(
    readonly parts: CacheParts,
    readonly spoolRules: SpoolRules,
  ) {}

  /** The entry in the first of the grant's scopes that has one. To be closed by the caller. */
  async read(grant: Grant, hash: string): Promise<OpenEntry | null> {
    for (const scope of grant.reads) {
      const entry = await this.#open({ scope, hash }, grant.scope);
      if (entry) return entry;
    }
    this.parts.ledger.recordMiss(grant.scope);
    return null;
  }

  /**
   * An entry that is packed as zstd, as gzip, for those that read nothing else; the entry is closed. Made
   * whole first, so that no slow reader keeps anything of it in memory. To be closed by the caller.
   */
  async asGzip(grant: Grant, { record, body, close }: OpenEntry): Promise<OpenEntry> {
    try {
      const { packing } = record;
      const rules = { ...this.spoolRules, packing, keepsZstd: false, owner: readsOf(grant.scope) };
      const spooled = await this.parts.spool.receive(asStream(body, record.sizeBytes), rules);
      const { sizeBytes, sha256 } = spooled;
      return {
        record: { ...record, sizeBytes, sha256, packing: spooled.packing },
        body: spooled.content,
        close: () => spooled.discard(),
      };
    } finally {
      await close();
    }
  }

  /** What `read` would find, without its content. */
  async describe(grant: Grant, hash: string): Promise<EntryRecord | null> {
    for (const scope of grant.reads) {
      const record = await this.parts.store.describe({ scope, hash });
      if (record && record !== 'unreadable') return record;
    }
    return null;
  }

  /** Stores a body in the grant's own scope, whole or not at all; the first writer of a hash wins. */
  async write(
    grant: Grant,
    hash: string,
    body: Readable,
    { signature, packing }: { signature?: string | undefined; packing?: Packing } = {},
  ): Promise<'stored' | 'exists'> {
    const key = { scope: grant.scope, hash };
    const owner = { name: grant.scope, isTrusted: grant.isTrusted };
    const rules = { ...this.spoolRules, packing, owner };
    const origin = { key, writer: grant.subject, signature };
    const { files } = this.parts.store;
    return files ? this.#writeFile(files, body, rules, origin) : this.#send(body, rules, origin);
  }

  /** Where entries are files: the thread that reads it also puts it in its place. */
  async #writeFile(
    files: EntryFiles,
    body: Readable,
    rules: SpoolRules,
    origin: EntryOrigin,
  ): Promise<'stored' | 'exists'> {
    const { key } = origin;
    let leave: (() => void) | null = null;
    const myTurn = async () => {
      leave ??= await this.#enterTurn(key);
      await files.prepare(key);
    };
    try {
      const wanted = { origin, path: files.pathOf(key) };
      const entry = await this.parts.spool.receiveEntry(body, rules, wanted, myTurn);
      try {
        const outcome = await files.adopt(key, entry);
        if (outcome === 'stored') this.parts.ledger.recordStored(key, entry.record);
        return outcome;
      } finally {
        entry.discard();
      }
    } catch (error) {
      if (leave) files.abandon(key);
      throw error;
    } finally {
      (leave as (() => void) | null)?.();
    }
  }

  /** Where they are not: it is spooled here, and the store brings it to where it belongs. */
  async #send(
    body: Readable,
    rules: SpoolRules,
    { key, writer, signature }: EntryOrigin,
  ): Promise<'stored' | 'exists'> {
    const { store, spool, ledger } = this.parts;
    const spooled = await spool.receive(body, rules);
    try {
      const { sizeBytes, sha256, outputs, packing } = spooled;
      const record = { sizeBytes, sha256, createdAtMs: Date.now(), writer, outputs, packing, signature }; // prettier-ignore
      return await this.#inTurn(key, async () => {
        const outcome = await store.write(key, spooled, record);
        if (outcome === 'stored') ledger.recordStored(key, record);
        return outcome;
      });
    } finally {
      await spooled.discard();
    }
  }

  /** Removes what is unused for too long or over the budget. @returns how many entries */
  async evict({ keep, scopes }: Keeping): Promise<number> {
    const chosenAtMs = Date.now();
    const chosen = chooseEvictions(
      this.parts.ledger.entries(),
      {
        ...keep,
        otherBytes: this.parts.store.otherBytes(),
        ofScope: (scope) => scopeKeep(scopes, scope, keep),
      },
      chosenAtMs,
      ({ key }) => this.#busy.has(keyText(key)),
    );
    const usedMs = new Map(chosen.map((entry) => [entry, entry.lastUsedMs]));
    const { removed } = await this.#removeAll(
      chosen,
      // What somebody has used meanwhile is not the least recently used any more.
      (entry) => entry.lastUsedMs === usedMs.get(entry),
      // One that is being written is of use, and nobody's eviction waits for it.
      ({ key }) => this.#turns.has(keyText(key)),
    );
    return removed;
  }

  /** Removes the entries of one scope that `isMeant` says. */
  async purge(
    scope: string,
    isMeant: (entry: LedgerEntry) => boolean,
  ): Promise<{ removed: number; busy: number }> {
    const meant = [...this.parts.ledger.entries()].filter(
      (entry) => entry.key.scope === scope && isMeant(entry),
    );
    return this.#removeAll(meant, () => true);
  }

  /** Removes what no key of ours opens any more. @returns how many entries */
  async removeUnreadable(): Promise<number> {
    const { store, ledger } = this.parts;
    let removed = 0;
    for await (const key of store.keys()) {
      if ((await store.describe(key)) !== 'unreadable') continue;
      await this.#inTurn(key, async () => {
        // Meanwhile another one may have been stored in its place.
        if ((await store.describe(key)) !== 'unreadable') return;
        await store.remove(key);
        ledger.recordRemoved(key);
        removed += 1;
      });
    }
    return removed;
  }

  /** Others have their turns meanwhile, so that an entry may be another one, or gone, when it is its own. */
  async #removeAll(
    entries: readonly LedgerEntry[],
    isStillMeant: (entry: LedgerEntry) => boolean,
    isPassedOver: (entry: LedgerEntry) => boolean = () => false,
  ): Promise<{ removed: number; busy: number }> {
    const count = { removed: 0, busy: 0 };
    let turnEndsMs = performance.now() + turnMs;
    for (const entry of entries) {
      const { key } = entry;
      if (isPassedOver(entry)) continue;
      await this.#inTurn(key, async () => {
        if (this.parts.ledger.get(key) !== entry || !isStillMeant(entry)) return;
        if (this.#busy.has(keyText(key))) return void (count.busy += 1);
        await this.parts.store.remove(key);
        this.parts.ledger.recordRemoved(key);
        count.removed += 1;
      });
      if (performance.now() < turnEndsMs) continue;
      await setImmediate();
      turnEndsMs = performance.now() + turnMs;
    }
    return count;
  }

  /**
   * Of what changes one entry, one thing at a time: a removal's end that came behind a write's would
   * have the ledger forget what is stored, for good.
   */
  async #inTurn<T>(key: EntryKey, work: () => Promise<T>): Promise<T> {
    const leave = await this.#enterTurn(key);
    try {
      return await work();
    } finally {
      leave();
    }
  }

  /** Resolves when it is one's turn; what it resolves to ends that. */
  async #enterTurn(key: EntryKey): Promise<() => void> {
    const text = keyText(key);
    const before = this.#turns.get(text);
    let end = () => undefined as void;
    const over = new Promise<void>((resolve) => (end = resolve));
    const mine = before ? before.then(() => over) : over;
    this.#turns.set(text, mine);
    await before;
    return () => {
      end();
      if (this.#turns.get(text) === mine) this.#turns.delete(text);
    };
  }

  /** Also counts the hit, while the entry cannot go. */
  async #open(key: EntryKey, reader: string): Promise<OpenEntry | null> {
    const text = keyText(key);
    this.#busy.set(text, (this.#busy.get(text) ?? 0) + 1);
    let open = true;
    const release = () => {
      if (!open) return;
      open = false;
      const left = this.#busy.get(text)! - 1;
      if (left === 0) this.#busy.delete(text);
      else this.#busy.set(text, left);
    };
    try {
      const entry = await this.parts.store.read(key);
      if (entry) this.parts.ledger.recordHit(key, reader, entry.record);
      if (entry && !Buffer.isBuffer(entry.body)) {
        return { ...entry, close: () => entry.close().finally(release) };
      }
      // Nothing, or all of it in memory.
      release();
      return entry;
    } catch (error) {
      release();
      throw error;
    }
  }
}

function scopeKeep(scopes: ScopeRules, scope: string, all: KeepRules): ScopeKeep | null {
  const rule = ruleFor(scopes, scope);
  if (!rule) return null;
  const share = rule.trusted ? 1 : untrustedShare;
  return {
    isTrusted: rule.trusted,
    maxBytes: rule.keep?.maxBytes ?? all.maxBytes * share,
    maxEntries: rule.keep?.maxEntries ?? all.maxEntries * share,
    maxIdleDays: rule.keep?.maxIdleDays ?? all.maxIdleDays,
  };
}
