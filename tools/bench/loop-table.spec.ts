import { expect, test } from 'vitest';
import { loopPage, type LoopReport, lostGoals, median } from './loop-table';

const row = (way: string, wallMs: number[]) => ({
  through: 'pipe',
  scenario: 'nothing changed',
  way,
  wallMs,
  cpuMs: wallMs,
});
const report = (goals: LoopReport['goals']): LoopReport => ({
  machine: 'm',
  rounds: 3,
  goals,
  rows: [row('nx:noop', [100, 200, 110]), row('ours', [121, 120, 400])],
});

test('the median of an even number is the lower one, of an odd number the middle', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 3, 2])).toBe(2);
});

test('a row is a ratio of medians to nx:noop in the same scenario, with its spread', () => {
  expect(loopPage(report([]))).toContain(
    '| pipe | nothing changed | ours | 1.10 | 1.10 | 0.99 to 3.31 |',
  );
});

test('only a goal that was met before and is missed or not measured now is lost', () => {
  const goal = (is: number, name = 'a') => ({ name, is, most: 1.2 });
  expect(lostGoals(report([goal(1.1)]), report([goal(1.3)]))).toEqual([
    'a: 1.30, at most 1.2; it was 1.10',
  ]);
  expect(lostGoals(report([goal(1.1)]), report([]))).toEqual(['a: not measured; it was 1.10']);
  expect(lostGoals(report([goal(1.3)]), report([goal(1.5)]))).toEqual([]);
  expect(lostGoals(report([goal(1.1)]), report([goal(1.2), goal(2, 'b')]))).toEqual([]);
});
