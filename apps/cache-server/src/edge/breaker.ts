const failuresToOpen = 3;
const pauseMs = 30_000;

/**
 * Stops asking an upstream that fails: after three failures in a row everything is a miss at once,
 * and each half minute one call, and only one, finds out whether it is back.
 */
export class Breaker {
  #failures = 0;
  #closedAgainAtMs = 0;
  #isProbing = false;
  #isDead = false;
  #warned = false;

  /** `warn` is called once in the life of the breaker, at the first failure. */
  constructor(
    readonly warn: (reason: string) => void,
    /** Of a clock that nobody sets. */
    readonly nowMs: () => number = () => performance.now(),
  ) {}

  get isOpen(): boolean {
    if (this.#isDead) return true;
    if (this.#failures < failuresToOpen) return false;
    return this.#isProbing || this.nowMs() < this.#closedAgainAtMs;
  }

  /** True for good: the upstream knows our token no more, and nothing that is kept could be sent. */
  get isDead(): boolean {
    return this.#isDead;
  }

  /** Whether a call may be made now; whoever is let through says how it ended. */
  enter(): boolean {
    if (this.isOpen) return false;
    if (this.#failures >= failuresToOpen) this.#isProbing = true;
    return true;
  }

  succeeded(): void {
    this.#failures = 0;
    this.#isProbing = false;
  }

  failed(error: unknown): void {
    this.#failures += 1;
    this.#isProbing = false;
    this.#closedAgainAtMs = this.nowMs() + pauseMs;
    this.noticed(error);
  }

  /** No later call can do better. */
  died(error: unknown): void {
    this.#isDead = true;
    this.noticed(error);
  }

  /** Something is wrong with one entry, which says nothing of the next. */
  noticed(error: unknown): void {
    if (this.#warned) return;
    this.#warned = true;
    this.warn(error instanceof Error ? error.message : String(error));
  }
}
