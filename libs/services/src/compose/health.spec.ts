import { expect, test } from 'vitest';
import type { Container } from './container';
import { parseContainer } from './container';
import { verdictOf } from './health';

const container: Container = parseContainer({
  Id: 'c1',
  Name: '/shop-app-1',
  Image: 'sha256:1',
  Created: '2026-11-24T08:00:00Z',
  RestartCount: 0,
  Config: { Image: 'shop/app:dev', Labels: { 'com.docker.compose.service': 'app' } },
  State: { Status: 'running', ExitCode: 0 },
});

test.each<[what: string, change: Partial<Container>, ageMs: number, verdict: unknown]>([
  ['still starting', { health: 'starting' }, 60_000, undefined],
  ['healthy', { health: 'healthy' }, 0, { healthy: true }],
  [
    'unhealthy',
    { health: 'unhealthy', lastCheck: 'HTTP 500' },
    0,
    { healthy: false, reason: 'its health check fails (HTTP 500)' },
  ],
  [
    'ended',
    { state: 'exited', exitCode: 3 },
    0,
    { healthy: false, reason: 'it ended with exit status 3' },
  ],
  [
    'ended for its memory',
    { state: 'exited', exitCode: 137, outOfMemory: true },
    0,
    { healthy: false, reason: 'it ended with exit status 137, out of memory' },
  ],
  [
    'restarting',
    { state: 'restarting', exitCode: 1 },
    0,
    { healthy: false, reason: 'it ended with exit status 1, again and again' },
  ],
  [
    'running again, after it has ended three times',
    { restarts: 3 },
    0,
    { healthy: false, reason: 'it ends again and again' },
  ],
  ['without a health check, just started', {}, 100, undefined],
  ['without a health check, still there', {}, 3_000, { healthy: true }],
])('a container that is %s', (_what, change, ageMs, verdict) => {
  expect(verdictOf({ ...container, ...change }, ageMs)).toEqual(verdict);
});

test('a container that is gone cannot become healthy', () => {
  expect(verdictOf(undefined, 0)).toEqual({ healthy: false, reason: 'its container was removed' });
});
