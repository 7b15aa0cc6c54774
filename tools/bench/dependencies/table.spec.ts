import { expect, test } from 'vitest';
import { FRESH, goalsOf, movedOf, page, type Row, SAME } from './table';
import { BAKE, MOUNTS, PLAIN } from './ways';

const row = (scenario: string, way: string, wallMs: number, moved: Partial<Row['moved']> = {}) => ({
  workload: 'pip',
  scenario,
  way,
  rounds: [{ wallMs, cpuMs: 10, peakBytes: 2e6 }],
  ratio: { wall: wallMs / 1000, cpu: 1 },
  on: '2026-01-02',
  moved: { packages: 0, downloadedBytes: 0, ...moved },
});

test('the median of what rounds moved leaves out who does not say', () => {
  const each = [1, 9, 3].map((packages) => ({ packages, downloadedBytes: 10 * packages }));
  expect(movedOf([{ ...each[0]!, engineBytes: 7 }, each[1]!, each[2]!])).toEqual({
    packages: 3,
    downloadedBytes: 30,
    engineBytes: 7,
    storedBytes: undefined,
    pushedBytes: undefined,
  });
});

test('the quickest of ours is held to the quickest of the others', () => {
  const rows = [row(SAME, PLAIN, 1000), row(SAME, BAKE, 500), row(SAME, 'ours', 800), row(SAME, 'ours, a layer a package', 400)]; // prettier-ignore
  expect(goalsOf(rows)).toMatchObject([{ measured: '0.80', isMet: true }]);
  expect(goalsOf(rows.slice(0, 3))).toMatchObject([{ measured: '1.60', isMet: false }]);
  expect(goalsOf(rows.slice(2))).toEqual([]);
});

test('kept mounts, whose layers are there already, are not the quickest of ours on the same machine', () => {
  const rows = [row(SAME, PLAIN, 1000), row(SAME, 'ours', 800), row(SAME, MOUNTS, 100)];
  expect(goalsOf(rows)).toMatchObject([{ measured: '0.80', isMet: true }]);
});

test('one megabyte to any of three places is too much', () => {
  const fresh = row(FRESH, MOUNTS, 9, { packages: 1, storedBytes: 20, pushedBytes: 1_000_001 });
  const same = row(SAME, 'ours, a layer a package', 9, { engineBytes: 999_999 });
  const [packages, bytes] = goalsOf([same, fresh]);
  expect(packages).toMatchObject({ measured: '1', isMet: true });
  expect(bytes).toMatchObject({ measured: '1.00 MB, 0.0 KB, 1.00 MB', isMet: false });
  fresh.moved.pushedBytes = 1_000_000;
  expect(goalsOf([same, fresh])[1]).toMatchObject({ isMet: true });
});

test.each(['engineBytes', 'storedBytes', 'pushedBytes'] as const)(
  'a goal is not met where %s is unknown',
  (name) => {
    const bytes = { engineBytes: 1, storedBytes: 2, pushedBytes: 3 };
    const moved = { packages: 1, ...bytes, [name]: undefined };
    const rows = [row(SAME, 'ours, a layer a package', 9, moved), row(FRESH, MOUNTS, 9, moved)];
    const goal = goalsOf(rows)[1]!;
    expect(goal.measured.split(', ')).toContain('unknown');
    expect(goal.isMet).toBe(false);
  },
);

test.each([
  [2000, 10e6, '| pip | 1.0 | 10 MB | 10.0 MB/s |'],
  [500, 10e6, '| pip | -0.5 | 10 MB | any |'],
  [2000, 0, '| pip | 1.0 | 0.0 KB | never |'],
])('kept mounts that take %i ms of 1000 and spare %i bytes', (wallMs, spared, expected) => {
  const without = row(FRESH, 'ours, a layer a package', 1000, { downloadedBytes: spared });
  const text = page({ machine: 'a machine', rows: [without, row(FRESH, MOUNTS, wallMs)] });
  expect(text).toContain(expected);
  expect(text).toContain(
    `| pip | ${FRESH} | ours, a layer a package | 1.00 | 1.00 | 2.00 MB | 0 |`,
  );
});
