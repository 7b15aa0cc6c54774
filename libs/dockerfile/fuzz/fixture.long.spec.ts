// Takes 60 s.
import { beforeAll, describe, expect, it } from 'vitest';
import type { Engine } from './engine';
import { findEngine } from './engine';
import { changeEveryFile, fixtureNames } from './fixture';
import { standInBase } from './stand-in';

describe('Dockerfiles of Python services', () => {
  let engine: Engine;
  let base: string;
  beforeAll(() => {
    engine = findEngine();
    base = standInBase();
  }, 120_000);

  it('are at least eight', () => {
    expect(fixtureNames.length).toBeGreaterThanOrEqual(8);
  });

  it.concurrent.each(fixtureNames)(
    '%s: whatever file changes a result changes the key',
    async (name) => {
      const { pairs, changed, needless } = await changeEveryFile(engine, name, base);
      expect(changed).toBeGreaterThan(0);
      const share = ((100 * needless.length) / pairs).toFixed(1);
      console.log(
        `${name}: ${pairs} pairs, ${changed} changed, ${share} % needless ${needless.join('; ')}`,
      );
    },
    600_000,
  );
});
