import { setTimeout as sleep } from 'node:timers/promises';
import type { Engine } from '@excel2doc/engine';
import { type Container, inspectContainers } from './container';

export type Verdict = { healthy: true } | { healthy: false; reason: string };

/** Without a health check, a container that still runs after so long counts as healthy. */
export const SETTLED_MS = 3_000;

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
  if (state === 'restarting' || restarts > 2) {
    // While it runs once more, the engine has no status of the time before.
    const how = state === 'running' ? 'it ends' : `it ended with exit status ${exitCode},`;
    return { healthy: false, reason: `${how} again and again` };
  }
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
  // One that ended meanwhile and was started again has to settle from then on.
  let settles = { since: start, restarts: 0 };
  for (;;) {
    const [container] = await inspectContainers(engine, [name]);
    const now = Date.now();
    if (container && container.restarts !== settles.restarts)
      settles = { since: now, restarts: container.restarts };
    const verdict = verdictOf(container, now - settles.since);
    if (verdict) return verdict;
    if (now - start > timeoutMs)
      return { healthy: false, reason: `it was not healthy after ${timeoutMs / 1000} s` };
    await sleep(250);
  }
}

/** Why a container is not as it should be. */
export interface Ailing {
  service: string;
  name: string;
  /** Of one that is not healthy. */
  reason: string;
}

/** `worker: it ended with exit status 3; web: …`. */
export const ailments = (ailing: readonly Ailing[]): string =>
  ailing.map(({ service, reason }) => `${service}: ${reason}`).join('; ');

/** Waits for each of `containers` as `waitUntilHealthy` does; those that do not get there. */
export async function ailingOf(
  engine: Engine,
  containers: readonly Pick<Container, 'name' | 'service'>[],
  timeoutMs: number,
): Promise<Ailing[]> {
  const verdicts = await Promise.all(
    containers.map(async ({ name, service }) => {
      const verdict = await waitUntilHealthy(engine, name, timeoutMs);
      return verdict.healthy ? [] : [{ service, name, reason: verdict.reason }];
    }),
  );
  return verdicts.flat();
}

/** Those of `containers`, which were healthy a moment ago, that are not any more or were started again. */
export async function endedSince(
  engine: Engine,
  containers: readonly Pick<Container, 'name' | 'service'>[],
): Promise<Ailing[]> {
  const found = await Promise.all(
    containers.map(async ({ name, service }) => {
      const [container] = await inspectContainers(engine, [name]);
      const verdict = verdictOf(container, SETTLED_MS);
      const reason =
        verdict?.healthy === false
          ? verdict.reason
          : verdict && container?.restarts === 0
            ? undefined
            : 'it ended soon after it was healthy, and was started again';
      return reason === undefined ? [] : [{ service, name, reason }];
    }),
  );
  return found.flat();
}
