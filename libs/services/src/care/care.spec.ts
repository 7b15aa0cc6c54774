import { bytesText, parseBytes } from '@excel2doc/oci';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { endpointHealth } from './health';
import { parseIndexAnswer, parsePackages } from './packages';
import { parseUsage } from '@excel2doc/stages';
import { parseTrend, recordSize } from './trend';

describe('sizes', () => {
  test.each([
    ['0B', 0],
    ['12.5kB', 12_500],
    ['1.5GiB', 1_610_612_736],
    ['--', Number.NaN],
  ])('docker’s %s is %d bytes', (text, bytes) => {
    expect(parseBytes(text)).toBe(bytes);
  });

  test('what is shown is never further off than its last digit', () => {
    fc.assert(
      fc.property(fc.nat({ max: 2 ** 50 }), (bytes) => {
        const back = parseBytes(bytesText(bytes).replace(' ', ''));
        expect(Math.abs(back - bytes)).toBeLessThanOrEqual(Math.max(1, bytes * 0.06));
      }),
    );
  });
});

test('a line of docker stats becomes numbers', () => {
  const line = JSON.stringify({
    Name: 'shop-app-1',
    CPUPerc: '12.34%',
    MemUsage: '10MiB / 1GiB',
    PIDs: '5',
    NetIO: '1kB / 2kB',
    BlockIO: '0B / 4.1MB',
  });
  expect(parseUsage(line, new Map([['shop-app-1', 'app']]))).toEqual({
    service: 'app',
    container: 'shop-app-1',
    cpuPercent: 12.34,
    processes: 5,
    memoryBytes: 10_485_760,
    memoryLimitBytes: 1_073_741_824,
    networkInBytes: 1000,
    networkOutBytes: 2000,
    diskReadBytes: 0,
    diskWrittenBytes: 4_100_000,
  });
});

test('each dependency that the endpoint names is a row of its own', () => {
  const rows = endpointHealth('api', 503, {
    status: 'down',
    version: '1',
    database: 'down',
    redis: 'ok',
  });
  expect(rows.map(({ what, ok }) => [what, ok])).toEqual([
    ['api /health', false],
    ['api -> database', false],
    ['api -> redis', true],
  ]);
});

test('packages are read behind what pip says of itself', () => {
  expect(parsePackages('WARNING: old pip\n[{"name":"a","version":"1"}]')).toEqual([
    { name: 'a', version: '1' },
  ]);
});

test('a withdrawn vulnerability is none', () => {
  const body = {
    info: { version: '2' },
    vulnerabilities: [
      { id: 'CVE-1', fixed_in: ['2'] },
      { id: 'CVE-2', withdrawn: '2026-01-01' },
    ],
  };
  expect(parseIndexAnswer(body).vulnerabilities).toEqual([{ id: 'CVE-1', fixedIn: ['2'] }]);
});

test('the trend has a point a build, not one a look, and survives a damaged line', async () => {
  const file = join(await mkdtemp(join(tmpdir(), 'trend-')), 'sizes.jsonl');
  const point = (digest: string) => ({ at: '2026-11-24', stage: 'runner', digest, sizeBytes: 1 });
  await recordSize(file, point('a'));
  await recordSize(file, point('a'));
  const points = await recordSize(file, point('b'));
  expect(points.map(({ digest }) => digest)).toEqual(['a', 'b']);
  expect(parseTrend('{"sizeBytes":1}\nnot json\n')).toHaveLength(1);
});
