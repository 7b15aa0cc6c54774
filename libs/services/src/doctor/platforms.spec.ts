import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StagePlan } from '@excel2doc/dockerfile';
import type { BuilderPlatforms, Engine } from '@excel2doc/engine';
import type { Builders } from '@excel2doc/stages';
import { planOf } from '@excel2doc/stages/testing/plans';
import { expect, onTestFinished, test } from 'vitest';
import { foreignPlatforms } from './platforms';

const AMD64 = { native: ['linux/amd64', 'linux/386'], emulated: [] };
const ARM64 = { native: ['linux/arm64'], emulated: [] };

/** What is said of these stages, for two platforms, where the engine is an amd64 that emulates nothing. */
async function said(
  stages: Record<string, Partial<StagePlan>>,
  builders?: Builders,
  says: Record<string, BuilderPlatforms> = {},
) {
  const folder = mkdtempSync(join(tmpdir(), 'platforms-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [stage, more] of Object.entries(stages)) {
    const platforms = ['linux/amd64', 'linux/arm64'].map((platform) => ({
      ...planOf(['RUN true']),
      ...more,
      platform,
    }));
    writeFileSync(join(folder, `${stage}.json`), JSON.stringify({ format: 1, stage, platforms }));
  }
  const engine = {
    kind: 'system',
    platform: 'linux/amd64',
    builderPlatforms: (name?: string) => Promise.resolve(name === undefined ? AMD64 : says[name]),
  };
  const found = await foreignPlatforms(engine as unknown as Engine, folder, builders);
  return found.map(({ platform, how }) => [platform, how]);
}

const native = { kind: 'image', reference: 'rust', digest: null, platform: 'linux/amd64' } as const;
const cross = {
  lowest: { base: native },
  upper: { base: { kind: 'stage', stage: 'lowest' } },
} satisfies Record<string, Partial<StagePlan>>;

test('what is compiled for another platform on the own one needs nobody', async () => {
  expect(await said(cross)).toEqual([]);
  expect(await said({ ...cross, other: {} })).toEqual([['linux/arm64', 'nothing']]);
});

test('its builder is who is named for the own platform', async () => {
  const says = { amd: AMD64, arm: ARM64 };
  expect(await said(cross, { 'linux/arm64': 'arm' }, says)).toEqual([]);
  expect(await said(cross, { 'linux/amd64': 'amd' }, says)).toEqual([['linux/amd64', 'builder']]);
  expect(await said(cross, { '*': 'arm' }, says)).toEqual([['linux/amd64', 'nothing']]);
});
