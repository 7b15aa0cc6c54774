import { expect, test } from 'vitest';
import type { Container } from './container';
import { isAsBroughtUp } from './last-up';
import { type MountedFile, mountedLabel } from './mounted-files';

const container = (over: Partial<Container> = {}): Container => ({
  id: 'c1',
  name: 'p-api-1',
  service: 'api',
  oneOff: false,
  imageId: 'i1',
  image: 'api:dev',
  configHash: 'h',
  mountedFiles: '',
  state: 'running',
  health: 'healthy',
  lastCheck: undefined,
  exitCode: 0,
  restarts: 0,
  outOfMemory: false,
  createdAtMs: 0,
  startedAtMs: 0,
  ports: [],
  ...over,
});
const judged = (
  over: Partial<Container> | undefined,
  {
    images = { 'api:dev': 'i1' },
    services = { api: {} },
    now = 60_000,
    files = { api: [] } as Record<string, MountedFile[]>,
  } = {},
) =>
  isAsBroughtUp(
    { containers: { c1: 'i1' } },
    over ? [container(over)] : [],
    new Map(Object.entries(images)),
    { config: { services }, mounted: new Map(Object.entries(files)) },
    now,
  );

test('what was brought up runs, is healthy and would be started again the same', () => {
  expect(judged({})).toBe(true);
  expect(judged({ health: undefined })).toBe(true);
});

const given = [{ target: '/etc/api.conf', source: '/api.conf', digest: 'd1' }];

test('it has the files that it would be given now', () => {
  expect(judged({ mountedFiles: mountedLabel(given) }, { files: { api: given } })).toBe(true);
  // Of a profile that is off, Compose starts nothing anew.
  expect(judged({ mountedFiles: mountedLabel(given) }, { files: {} })).toBe(true);
});

test.each<[string, Parameters<typeof judged>]>([
  ['it has no files by now', [{ mountedFiles: mountedLabel(given) }]],
  ['it was given no files', [{}, { files: { api: given } }]],
  [
    'it has a file with another content',
    [
      { mountedFiles: mountedLabel(given) },
      { files: { api: [{ target: '/etc/api.conf', source: '/api.conf', digest: 'd2' }] } },
    ],
  ],
  ['it is gone', [undefined]],
  ['it is another one', [{ id: 'c2' }]],
  ['its image is another one', [{ imageId: 'i2' }]],
  ['the name of its image stands for another one', [{}, { images: { 'api:dev': 'i2' } }]],
  ['its image is gone', [{}, { images: {} as never }]],
  ['it has ended', [{ state: 'exited' }]],
  ['it is unhealthy', [{ health: 'unhealthy' }]],
  ['its health is not known yet', [{ health: 'starting' }]],
  ['nothing tells its health, and it was just started', [{ health: undefined }, { now: 100 }]],
  ['nothing tells its health, and it was restarted', [{ health: undefined, restarts: 1 }]],
  ['it stands still', [{ state: 'paused', health: undefined }]],
  [
    'it is one that others wait for until it has ended',
    [
      {},
      {
        services: {
          api: {},
          web: { depends_on: { api: { condition: 'service_completed_successfully' } } },
        } as never,
      },
    ],
  ],
])('Compose is asked where %s', (_, how) => {
  expect(judged(...how)).toBe(false);
});
