// Takes 830 s.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { workspaceRoot } from '../workspace';
import { EDITS } from './acme/edits';
import { testTable } from './acme/table';

const manifest = JSON.parse(readFileSync(join(workspaceRoot, 'package.json'), 'utf8'));

test('there are sixty edits and more, no two of a name', () => {
  expect(new Set(EDITS.map(({ name }) => name)).size).toBe(EDITS.length);
  expect(EDITS.length).toBeGreaterThanOrEqual(60);
});

testTable(manifest.devDependencies.nx, EDITS);
