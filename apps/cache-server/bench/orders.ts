import fc from 'fast-check';

/**
 * Orders in which all take their turn, one for each round, drawn by `seed`: no server always follows the
 * same one, whose bytes the disk may still be writing.
 */
export function ordersOf<T>(all: T[], rounds: number, seed: number): T[][] {
  const { length } = all;
  const order = fc.shuffledSubarray(all, { minLength: length, maxLength: length });
  return fc.sample(fc.noBias(order), { numRuns: rounds, seed });
}
