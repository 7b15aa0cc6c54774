import type { Engine } from '@excel2doc/engine';
import { expect, test } from 'vitest';
import type { Builders } from '../workspace/builders';
import { builderRules } from './builder-rules';

const rules = (builders?: Builders) =>
  builderRules({
    builders,
    engine: async () => ({ kind: 'system', serverVersion: '26.1.5' }) as Engine,
  });

test('the engine’s own BuildKit is known by its version', async () => {
  expect(await rules()).toBe(13);
  expect(await rules({})).toBe(13);
});

// A stage for one platform may run on any other: FROM --platform=linux/arm64.
test.each([{ '*': 'one' }, { 'linux/arm64': ['arm'] }])(
  'where there are builders it may be any of theirs: %j',
  async (builders) => {
    expect(await rules(builders)).toBeUndefined();
  },
);
