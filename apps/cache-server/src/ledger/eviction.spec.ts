import fc from 'fast-check';
import { expect, it } from 'vitest';
import { chooseEvictions } from './eviction';
import type { LedgerEntry } from './ledger-entry';

const scopes = ['main', 'pr-1', 'pr-2'];
const entry = fc
  .record({
    scope: fc.constantFrom(...scopes),
    sizeBytes: fc.integer({ min: 1, max: 50 }),
    lastUsedMs: fc.nat({ max: 1_000 }),
  })
  .map(({ scope, sizeBytes, lastUsedMs }): LedgerEntry => {
    const key = { scope, hash: '' };
    return { key, sizeBytes, lastUsedMs, createdAtMs: 0, writer: '', outputs: [], hits: 0, task: null }; // prettier-ignore
  });
const bytesOf = (entries: LedgerEntry[]) => entries.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0); // prettier-ignore

it('keeps within every budget, least used first, and costs main nothing for a pull request', () => {
  const input = fc.record({
    entries: fc.array(entry, { maxLength: 60 }),
    maxBytes: fc.integer({ min: 1, max: 900 }),
    quota: fc.integer({ min: 1, max: 400 }),
    maxEntries: fc.integer({ min: 1, max: 60 }),
    otherBytes: fc.nat({ max: 100 }),
  });
  fc.assert(
    fc.property(input, ({ entries, maxBytes, quota, maxEntries, otherBytes }) => {
      const days = { maxIdleDays: 365 };
      const rules = {
        maxBytes,
        maxEntries,
        ...days,
        otherBytes,
        ofScope: (scope: string) => ({
          isTrusted: scope === 'main',
          maxBytes: scope === 'main' ? Infinity : quota,
          maxEntries: Infinity,
          ...days,
        }),
      };
      const gone = new Set(chooseEvictions(entries, rules, 1_000, () => false));
      const stay = entries.filter((each) => !gone.has(each));
      expect(bytesOf(stay) + Math.min(otherBytes, maxBytes)).toBeLessThanOrEqual(maxBytes + otherBytes); // prettier-ignore
      if (stay.length > 0) expect(bytesOf(stay) + otherBytes).toBeLessThanOrEqual(maxBytes);
      expect(stay.length).toBeLessThanOrEqual(maxEntries);
      for (const scope of scopes.slice(1))
        expect(bytesOf(stay.filter(({ key }) => key.scope === scope))).toBeLessThanOrEqual(quota);

      // Main alone decides what main loses: the same with no pull request there at all.
      const main = entries.filter(({ key }) => key.scope === 'main');
      const alone = chooseEvictions(main, rules, 1_000, () => false);
      const lost = main.filter((each) => gone.has(each));
      expect(lost.length).toBeLessThanOrEqual(alone.length);
      // And while it loses any, no pull request keeps any.
      if (lost.length > 0) expect(stay.every(({ key }) => key.scope === 'main')).toBe(true);
      const newest = Math.max(...lost.map(({ lastUsedMs }) => lastUsedMs));
      for (const each of stay) if (lost.length > 0) expect(each.lastUsedMs).toBeGreaterThanOrEqual(newest); // prettier-ignore
    }),
    { numRuns: 2_000, seed: 5 },
  );
});

it('takes what is idle, what is of no scope any more, and nothing that is busy', () => {
  const of = (scope: string, lastUsedMs: number) =>
    ({ key: { scope, hash: '' }, sizeBytes: 1, lastUsedMs }) as LedgerEntry;
  const [old, fresh, gone, busy] = [of('main', 0), of('main', 9e9), of('x', 9e9), of('main', 0)];
  const keep = { isTrusted: true, maxBytes: 9, maxEntries: 9, maxIdleDays: 1 };
  const rules = {
    ...keep,
    otherBytes: 0,
    ofScope: (scope: string) => (scope === 'x' ? null : keep),
  };
  const chosen = chooseEvictions([old, fresh, gone, busy], rules, 9e9, (each) => each === busy);
  expect(chosen).toEqual([old, gone]);
});
