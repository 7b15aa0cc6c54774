import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { groupPackages, MOST_LAYERS } from './groups';

const MB = 1 << 20;
/** Mostly small, some large, a few huge: as what is installed is. */
const size = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: MB - 1 }) },
  { weight: 2, arbitrary: fc.integer({ min: MB, max: 30 * MB }) },
  { weight: 1, arbitrary: fc.integer({ min: 30 * MB, max: 900 * MB }) },
);
const installed = fc
  .array(size, { minLength: 2, maxLength: 200, size: 'max' })
  .map((sizes) => new Map(sizes.map((bytes, at) => [`package-${at}`, bytes])));

/** The gathered layers that are in one and not, with the same packages, in the other. */
function moved(before: string[][], after: string[][]): string[][] {
  const had = new Set(before.map((names) => names.join()));
  return after.filter((names) => names.length > 1 && !had.has(names.join()));
}

describe('packages in layers', () => {
  it('stand in one each, and leave room for what belongs to none', () => {
    fc.assert(
      fc.property(installed, (sizes) => {
        const groups = groupPackages(sizes);
        if (groups.length === 0) return;
        expect(groups.flat().sort()).toEqual([...sizes.keys()].sort());
        expect(groups.length).toBeLessThan(MOST_LAYERS);
      }),
    );
  });

  it('come to all the layers that a path may have, where there are enough of them', () => {
    const sizes = new Map(
      Array.from({ length: 300 }, (_, at) => [`p${at}`, at < 100 ? 2 * MB : 1000]),
    );
    expect(groupPackages(sizes)).toHaveLength(MOST_LAYERS - 1);
  });

  it('move at most one gathered layer when one is added, whatever its size', () => {
    fc.assert(
      fc.property(installed, size, (sizes, added) => {
        const before = groupPackages(sizes);
        fc.pre(before.length > 0);
        const after = groupPackages(new Map([...sizes, ['added-one', added]]));
        expect(moved(before, after).length).toBeLessThanOrEqual(1);
      }),
      { numRuns: 300 },
    );
  });

  it('never have a small one share a layer with a large one', () => {
    fc.assert(
      fc.property(installed, (sizes) => {
        for (const names of groupPackages(sizes)) {
          const large = names.filter((name) => sizes.get(name)! >= MB);
          expect([0, names.length]).toContain(large.length);
        }
      }),
    );
  });
});
