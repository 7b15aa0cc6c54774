import { setTimeout as sleep } from 'node:timers/promises';

/** What a load generator saw. */
export interface Load {
  answered: number;
  /** What was said of each request that was not answered well. */
  failures: string[];
  /** The longest time between two requests that were answered well, one after the other. */
  longestGapMs: number;
}

/** One request; throws where it is not answered well. */
export type Ask = () => Promise<void>;

/** Has each of `clients` ask without a pause, one request after the other, until it is stopped. */
export function keepAsking(clients: readonly Ask[]): { stop(): Promise<Load> } {
  const stopping = new AbortController();
  const seen: Load = { answered: 0, failures: [], longestGapMs: 0 };
  let last = performance.now();
  const running = clients.map(async (ask) => {
    while (!stopping.signal.aborted) {
      const failure = await ask().then(() => undefined, String);
      const now = performance.now();
      seen.longestGapMs = Math.max(seen.longestGapMs, now - last);
      if (failure === undefined) {
        seen.answered += 1;
        last = now;
      } else seen.failures.push(failure);
      await sleep(20);
    }
  });
  return {
    async stop() {
      stopping.abort();
      await Promise.all(running);
      return seen;
    },
  };
}

/** Asks `url` without a pause, until it is stopped. */
export function startLoad(url: string): { stop(): Promise<Load> } {
  return keepAsking([
    async () => {
      const response = await fetch(url, { signal: AbortSignal.timeout(1_000) });
      await response.arrayBuffer();
      if (!response.ok) throw new Error(`${response.status}`);
    },
  ]);
}
