import fc from 'fast-check';
import { expect, it } from 'vitest';
import { selectSlice } from './select-slice';

it('gives what sorting and slicing gives', () => {
  const input = fc.tuple(fc.array(fc.integer({ min: 0, max: 50 })), fc.nat(120), fc.nat(60));
  fc.assert(
    fc.property(input, ([items, from, length]) => {
      const compare = (a: number, b: number) => a - b;
      const wanted = [...items].sort(compare).slice(from, from + length);
      expect(selectSlice([...items], from, from + length, compare)).toEqual(wanted);
    }),
    { numRuns: 3_000 },
  );
});
