import fc from 'fast-check';
import { expect, test } from 'vitest';
import { andAbove, OutputIndex } from './output-index';
import { liesIn, meets } from './target-outputs';

const paths = (...parts: string[]) =>
  fc.array(fc.constantFrom(...parts), { minLength: 1, maxLength: 4 }).map((all) => all.join('/'));
const path = paths('dist', 'apps', 'a', 'b', '..');
const pattern = paths('dist', 'apps', 'a', 'b', '*', '**', '{a,b}', 'a?', '[ab]', '?(');

test('finds what a look at every output finds', () => {
  fc.assert(
    fc.property(fc.array(pattern, { maxLength: 12 }), path, (all, at) => {
      const outputs = all.map((output, n) => ({ project: `${n}`, target: 't', path: output }));
      const index = new OutputIndex(outputs);
      const met = outputs.filter((output) => meets(at, output.path));
      const found = index.meeting(at);
      expect(found).toHaveLength(met.length);
      expect(new Set(found)).toEqual(new Set(met));
      expect(index.holds(at)).toBe(outputs.some((output) => liesIn(at, output.path)));
    }),
    { numRuns: 5000 },
  );
});

test('ends at the top, wherever that is', () => {
  expect(andAbove('a/b')).toEqual(['a/b', 'a', '.']);
  expect(andAbove('../a')).toEqual(['../a', '..', '.']);
  expect(andAbove('/a')).toEqual(['/a', '/']);
});
