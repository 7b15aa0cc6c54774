import { setTimeout as sleep } from 'node:timers/promises';
import type { Engine } from '@excel2doc/engine';
import { type Container, inspectContainers } from './container';

export type Verdict = { healthy: true } | { healthy: false; reason: string };

/** Without a health check, a container that still runs after so long counts as healthy. */
const SETTLED_MS = 3_000;

/**
 * What a container's state says, or undefined while it can still become healthy.
 *
 * @param ageMs since it was started
 */
export function verdictOf(container: Container | undefined, ageMs: number): Verdict | undefined {
  if (!container) return { healthy: false, reason: 'its container was removed' };
  const { state, health, exitCode, lastCheck, outOfMemory, restarts } = container;
  if (state === 'exited' || state === 'dead') {
    const memory = outOfMemory ? ', out of memory' : '';
    return { healthy: false, reason: `it ended with exit status ${exitCode}${memory}` };
  }
  if (state === 'restarting' || restarts > 2)
    return { healthy: false, reason: `it ended with exit status ${exitCode}, again and again` };
  if (health === 'unhealthy') {
    return {
      healthy: false,
      reason: `its health check fails${lastCheck ? ` (${lastCheck})` : ''}`,
    };
  }
  if (health === 'healthy') return { healthy: true };
  if (health === undefined && state === 'running' && ageMs >= SETTLED_MS) return { healthy: true };
  return undefined;
}

/** Waits until a container is healthy, or cannot become so, or `timeoutMs` have passed. */
export async function waitUntilHealthy(
  engine: Engine,
  name: string,
  timeoutMs: number,
): Promise<Verdict> {
  const start = Date.now();
  for (;;) {
    const [container] = await inspectContainers(engine, [name]);
    const ageMs = Date.now() - start;
    const verdict = verdictOf(container, ageMs);
    if (verdict) return verdict;
    if (ageMs > timeoutMs)
      return { healthy: false, reason: `it was not healthy after ${timeoutMs / 1000} s` };
    await sleep(250);
  }
}
