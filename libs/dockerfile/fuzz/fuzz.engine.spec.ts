import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { batches } from './cases';
import { compareBatch, noTally } from './compare';
import type { Engine } from './engine';
import { findEngine } from './engine';
import { pastFailures } from './past-failures';

const stagesPerBatch = 20;
// A build mostly waits for the disk, so several run at a time.
const atATime = 5;
const cases = Number(process.env['FUZZ_CASES'] ?? 200);
const seed = Number(process.env['FUZZ_SEED'] ?? process.env['TEST_SEED']);

describe('against BuildKit', () => {
  let engine: Engine;
  beforeAll(() => {
    engine = findEngine();
  });

  it.each(Object.entries(pastFailures))(
    'agrees on %s',
    async (_, batch) => {
      const tally = noTally();
      await compareBatch(engine, { ...batch, edits: [] }, tally);
      expect(tally.compared + tally.refused).toBeGreaterThan(0);
    },
    60_000,
  );

  it(
    'names the files that BuildKit delivers, and changes the key whenever they change',
    async () => {
      console.log(`FUZZ_SEED=${seed} FUZZ_CASES=${cases}`);
      const tally = noTally();
      try {
        await fc.assert(
          fc.asyncProperty(
            fc.array(batches(stagesPerBatch), { minLength: atATime, maxLength: atATime }),
            async (several) => {
              await Promise.all(several.map((batch) => compareBatch(engine, batch, tally)));
            },
          ),
          { seed, numRuns: Math.ceil(cases / stagesPerBatch / atATime), endOnFailure: true },
        );
      } finally {
        console.log(JSON.stringify(tally));
      }
      // How many of the cases both refuse hangs on the seed.
      expect(tally.compared).toBeGreaterThan(cases / 2);
    },
    Math.max(240_000, cases * 3000),
  );
});
