import { describe, expect, test } from 'vitest';
import { builderPlatforms, reachOf } from './builder-platforms';

/** As buildx writes it, a machine a list; undefined for one that is not running. */
const inspection = (...machines: (string | undefined)[]) =>
  [
    'Name:          pool\nDriver:        remote\nLast Activity: 2026-11-28 17:00:00 +0000 UTC\n\nNodes:',
    machines
      .map((platforms, at) =>
        platforms === undefined
          ? `Name:     pool${at}\nEndpoint: tcp://127.0.0.1:1\nStatus:   inactive\n`
          : `Name:             pool${at}\nEndpoint:         tcp://127.0.0.1:2\nStatus:           running\nBuildKit version: v0.13.2\nPlatforms:        ${platforms}\nLabels:\n org.mobyproject.buildkit.worker.executor: oci\n`,
      )
      .join('\n'),
  ].join('\n');

const reach = (platform: string, ...machines: (string | undefined)[]) => {
  const found = builderPlatforms(inspection(...machines));
  return found && reachOf(found, platform);
};

describe('what a builder says that it builds for', () => {
  const amd64 = 'linux/amd64, linux/amd64/v2, linux/amd64/v3, linux/386';

  test.each([
    ['linux/amd64', 'native'],
    ['linux/amd64/v4', 'native'],
    ['linux/386', 'native'],
    ['linux/arm64', 'none'],
    ['windows/amd64', 'none'],
  ])('on amd64 without qemu: %s is %s', (platform, wanted) => {
    expect(reach(platform, amd64)).toBe(wanted);
  });

  test.each([
    ['linux/arm64', 'linux/amd64, linux/386, linux/arm64, linux/arm/v7', 'emulated'],
    ['linux/386', 'linux/arm64, linux/arm/v7, linux/386', 'emulated'],
    ['linux/arm/v5', 'linux/arm64, linux/arm/v7', 'native'],
    ['linux/arm64', 'linux/amd64, linux/arm64*', 'native'],
  ])('%s of %s is %s', (platform, machine, wanted) => {
    expect(reach(platform, machine)).toBe(wanted);
  });

  test.each([
    ['amd64 that is told arm64', 'linux/arm64, linux/amd64, linux/amd64/v2, linux/386'],
    ['arm64 that is told amd64', 'linux/amd64, linux/arm64, linux/arm/v7, linux/arm/v6'],
  ])('on %s neither is said to be emulated: which is its own cannot be told', (_, machine) => {
    expect(reach('linux/amd64', machine)).toBe('native');
    expect(reach('linux/arm64', machine)).toBe('native');
  });

  test('on arm64 that emulates all amd64 is emulated, with its 32 bits', () => {
    const machine =
      'linux/arm64, linux/amd64, linux/amd64/v2, linux/riscv64, linux/386, linux/arm/v7';
    expect(reach('linux/arm64', machine)).toBe('native');
    for (const other of ['amd64', '386', 'riscv64'])
      expect(reach(`linux/${other}`, machine)).toBe('emulated');
  });

  test('several machines of one builder do what each of them does', () => {
    expect(reach('linux/arm64', amd64, 'linux/arm64')).toBe('native');
    expect(reach('linux/arm64', `${amd64}, linux/arm64`, 'linux/arm64')).toBe('native');
    expect(builderPlatforms(inspection('linux/amd64', 'linux/amd64, linux/arm64'))).toEqual({
      native: ['linux/amd64'],
      emulated: ['linux/arm64'],
    });
  });

  test('is not known where one machine of it does not say, or says it in other words', () => {
    expect(reach('linux/arm64', undefined)).toBeUndefined();
    expect(reach('linux/arm64', amd64, undefined)).toBeUndefined();
    expect(reach('linux/arm64', 'linux/amd64 (+3)')).toBeUndefined();
    expect(builderPlatforms('')).toBeUndefined();
    expect(builderPlatforms('ERROR: no builder "x" found\n')).toBeUndefined();
  });
});
