import { expect, test } from 'vitest';
import { chart } from './chart';
import { measureCommand, measureHere } from './measure';
import { median, page, type Row, turned, withNewer } from './table';

test.each([
  [[3, 1, 2], 2],
  [[4, 1, 2, 3], 2.5],
])('median of %j', (values, expected) => expect(median(values)).toBe(expected));

test('each round begins with the next one, and all come in each', () => {
  const begun = [0, 1, 2, 3].map((round) => turned(['a', 'b', 'c'], round).join(''));
  expect(begun).toEqual(['abc', 'bca', 'cab', 'abc']);
});

test('no values have no median', () => expect(() => median([])).toThrow(RangeError));

const row: Row = {
  workload: 'backend',
  scenario: 'one source line',
  way: 'ours',
  rounds: [{ wallMs: 123.4, cpuMs: 50, peakBytes: 3 * 1024 * 1024 }],
  ratio: { wall: 0.256, cpu: 0.5 },
  on: '2026-01-02',
  bytes: { engine: 2048 },
};

test('the page shows ratios, not times', () => {
  const text = page({ machine: 'a machine', rows: [row], goals: [] });
  expect(text).toContain(
    '| backend | one source line | ours | 0.26 | 0.50 | 3 MiB | 2 KiB |  | 1 | 2026-01-02 |',
  );
  expect(text).not.toContain('123');
});

test('what is measured anew replaces its scenario, and no other', () => {
  const other = { ...row, scenario: 'nothing changed' };
  const newer = { ...row, way: 'theirs', on: '2026-02-03' };
  expect(withNewer([row, other], [newer])).toEqual([other, newer]);
});

test('the chart has a bar for each way', () => {
  expect(chart([row, { ...row, way: 'other' }]).match(/<rect/g)).toHaveLength(2);
});

test('a command is measured with its children', async () => {
  const busy = 'while (process.cpuUsage().user < 200_000) for (let at = 0; at < 1e6; at++);';
  const command = ['sh', '-c', `node -e '${busy}'`];
  const measured = await measureCommand({ command, cwd: '/', env: process.env }, []);
  expect(measured.cpuMs).toBeGreaterThan(190);
  expect(measured.peakBytes).toBeGreaterThan(10_000_000);
  expect(measured.wallMs).toBeGreaterThan(190);
});

test('a command that fails says what it printed', async () => {
  const command = ['sh', '-c', 'echo so it goes; exit 3'];
  const failing = measureCommand({ command, cwd: '/', env: process.env }, []);
  await expect(failing).rejects.toThrow('so it goes');
});

const spin = () => Array.from({ length: 100_000 }, (_, at) => at).length;

test('the CPU time of a server counts', async () => {
  const work = async () => {
    const before = process.cpuUsage();
    while (process.cpuUsage(before).user < 200_000) spin();
  };
  // Once as this process, once as the server.
  expect((await measureHere(work, [process.pid])).cpuMs).toBeGreaterThan(350);
  expect((await measureHere(work, [])).cpuMs).toBeLessThan(350);
});
