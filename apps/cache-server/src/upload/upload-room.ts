/** Bodies that are taken in at once: each may keep a decompressor, its window and some blocks. */
const maxBodies = 32;
/** Of all places, what nobody gets but trusted scopes: any number of others cannot keep them out. */
const trustedShare = 1 / 4;
/** A sender that takes longer for a block is a slow one. */
const slowMs = 2_000;
const lookMs = 200;

/** For whom a body is taken in: a scope, or what we fetch by ourselves. */
export interface Owner {
  name: string;
  isTrusted: boolean;
}

/** One body, as the others see it. */
export interface Sender {
  readonly owner: Owner;
  /** Since when we wait for its next block; null while it waits for us. */
  waitsSinceMs: number | null;
  /** Ends it: what it has sent is not kept. */
  cut(): void;
}

interface Waiting {
  owner: Owner;
  goes: (() => void)[];
}

/**
 * Of all uploads, those that may be in memory. No owner has more places than are left for all others, so
 * that one more finds room at once, whoever fills his own and however quickly he sends. Where somebody waits
 * all the same, the senders that have kept us waiting longest are cut off: of his own, or of those who
 * have more than he has.
 */
export class UploadRoom {
  readonly #inside = new Map<string, number>();
  readonly #senders = new Set<Sender>();
  readonly #waiting = new Map<string, Waiting>();
  #used = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(readonly most = maxBodies) {}

  /** Resolves once a body may be read; `leave` is to be called once, whatever happened. */
  async enter(owner: Owner): Promise<void> {
    const waiting = this.#waiting.get(owner.name);
    if (!waiting && this.#hasRoom(owner)) return this.#count(owner, 1);
    await new Promise<void>((go) => {
      if (waiting) waiting.goes.push(go);
      else this.#waiting.set(owner.name, { owner, goes: [go] });
      this.#timer ??= setInterval(() => this.#cutSlow(), lookMs).unref();
    });
  }

  add(sender: Sender): void {
    this.#senders.add(sender);
  }

  leave(sender: Sender): void {
    this.#senders.delete(sender);
    this.#count(sender.owner, -1);
    for (let next = this.#next(); next; next = this.#next()) {
      this.#count(next.owner, 1);
      const go = next.goes.shift()!;
      if (next.goes.length === 0) this.#waiting.delete(next.owner.name);
      go();
    }
    if (this.#waiting.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Who waits, may come in, and has least. */
  #next(): Waiting | undefined {
    let next: Waiting | undefined;
    for (const waiting of this.#waiting.values()) {
      if (!this.#hasRoom(waiting.owner)) continue;
      if (!next || this.#insideOf(waiting.owner) < this.#insideOf(next.owner)) next = waiting;
    }
    return next;
  }

  #hasRoom(owner: Owner): boolean {
    const kept = owner.isTrusted ? 0 : Math.floor(this.most * trustedShare);
    return this.#insideOf(owner) < this.most - kept - this.#used;
  }

  #insideOf({ name }: Owner): number {
    return this.#inside.get(name) ?? 0;
  }

  #count(owner: Owner, change: 1 | -1): void {
    const inside = this.#insideOf(owner) + change;
    this.#used += change;
    if (inside === 0) this.#inside.delete(owner.name);
    else this.#inside.set(owner.name, inside);
  }

  #cutSlow(): void {
    const nowMs = performance.now();
    const slow = [...this.#senders]
      .filter(({ waitsSinceMs }) => waitsSinceMs !== null && nowMs - waitsSinceMs > slowMs)
      .sort(
        (one, other) =>
          this.#insideOf(other.owner) - this.#insideOf(one.owner) ||
          one.waitsSinceMs! - other.waitsSinceMs!,
      );
    for (const { owner, goes } of this.#waiting.values()) {
      const inside = this.#insideOf(owner);
      const isHisToCut = (sender: Sender) =>
        sender.owner.name === owner.name || this.#insideOf(sender.owner) > inside;
      for (const sender of slow.filter(isHisToCut).slice(0, goes.length)) {
        slow.splice(slow.indexOf(sender), 1);
        sender.cut();
      }
    }
  }
}
