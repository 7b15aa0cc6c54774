import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { workspaceRoot } from '../../workspace';
import { page, type Row, rowOf } from './table';

const file = join(workspaceRoot, 'docs/benchmarks/many');
const { rows } = JSON.parse(readFileSync(`${file}.json`, 'utf8')) as { rows: Row[] };

test('the committed page is what the committed figures say', () => {
  expect(readFileSync(`${file}.md`, 'utf8')).toBe(page(rows));
});

test.each(rows.filter(({ images }) => images <= 100))(
  'and the figures of $images images on $runners runners are what the planner gives today',
  (row) => expect(rowOf(row.images, row.runners)).toEqual(row),
);
