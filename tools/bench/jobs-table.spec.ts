import { expect, test } from 'vitest';
import { type JobsRun, jobsPage, runsIn } from './jobs-table';

const run = (workers: number, jobs_a_minute: number): JobsRun => ({
  workers,
  jobs: 200,
  clients: 20,
  jobs_a_minute,
  faults: [],
});
const page = (loadBefore: number) =>
  jobsPage({ machine: 'm', cores: 2, loadBefore, runs: [run(1, 100), run(2, 150)] });

test('the runs are found among all that Nx prints, whatever stands before them', () => {
  const line = JSON.stringify(run(4, 7.5)).replaceAll('":', '": ').replaceAll(',"', ', "');
  expect(
    runsIn(`> nx run backend:scale\n\n${line}\nbackend: ${line}\n{"level": "info"}\n`),
  ).toEqual([run(4, 7.5), run(4, 7.5)]);
});

test('a row says how much more workers do than the first number of them', () => {
  expect(page(0)).toContain('| 1 | 100 | 1.00 |\n| 2 | 150 | 1.50 |');
});

test('a machine that did something else is said to have done so', () => {
  expect(page(0.4)).not.toContain('something else ran');
  expect(page(0.6)).toContain('something else ran');
});
