const failuresToOpen = 3;
const pauseMs = 30_000;

/**
 * Stops asking an upstream that fails: after three failures in a row everything is a miss at once,
 * and each half minute one call finds out whether it is back.
 */
export class Breaker {
  #failures = 0;
  #closedAgainAtMs = 0;
  #warned = false;

  /** `warn` is called once in the life of the breaker, at the first failure. */
  constructor(readonly warn: (reason: string) => void) {}

  get isOpen(): boolean {
    return this.#failures >= failuresToOpen && Date.now() < this.#closedAgainAtMs;
  }

  succeeded(): void {
    this.#failures = 0;
  }

  failed(error: unknown): void {
    this.#failures += 1;
    this.#closedAgainAtMs = Date.now() + pauseMs;
    this.noticed(error);
  }

  /** Something is wrong with one entry, which says nothing of the next. */
  noticed(error: unknown): void {
    if (this.#warned) return;
    this.#warned = true;
    this.warn(error instanceof Error ? error.message : String(error));
  }
}
