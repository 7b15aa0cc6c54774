// Takes 830 s.
import { expect, test } from 'vitest';
import { EDITS } from './acme/edits';
import { testTable } from './acme/table';
import { NX_VERSION } from './package/workspace';

test('there are sixty edits and more, no two of a name', () => {
  expect(new Set(EDITS.map(({ name }) => name)).size).toBe(EDITS.length);
  expect(EDITS.length).toBeGreaterThanOrEqual(60);
});

testTable(NX_VERSION, EDITS);
