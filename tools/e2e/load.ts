import { setTimeout as sleep } from 'node:timers/promises';

/** What a load generator saw. */
export interface Load {
  answered: number;
  /** The longest time between two requests that were answered well, one after the other. */
  longestGapMs: number;
}

/** Asks `url` without a pause, until it is stopped. */
export function startLoad(url: string): { stop(): Promise<Load> } {
  const stopping = new AbortController();
  const seen: Load = { answered: 0, longestGapMs: 0 };
  let last = performance.now();
  const running = (async () => {
    while (!stopping.signal.aborted) {
      const ok = await fetch(url, { signal: AbortSignal.timeout(1_000) })
        .then(async (response) => (await response.arrayBuffer()) && response.ok)
        .catch(() => false);
      const now = performance.now();
      seen.longestGapMs = Math.max(seen.longestGapMs, now - last);
      if (ok) {
        seen.answered += 1;
        last = now;
      }
      await sleep(20);
    }
  })();
  return {
    async stop() {
      stopping.abort();
      await running;
      return seen;
    },
  };
}
