/**
 * `npx nx run bench:jobs`: jobs a minute with 1, 2 and 4 workers, by `backend:scale` with the lines
 * left alone. Writes docs/benchmarks/jobs.{json,md}.
 *
 * BENCH_JOBS (400) makes it smaller, and then nothing is written.
 */
import { writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { StepError, runSteps, signal, step } from '../steps';
import { workspaceRoot } from '../workspace';
import { jobsPage, runsIn } from './jobs-table';
import { machineText } from './machine';

const whole = 400;
const jobs = Number(process.env['BENCH_JOBS'] ?? whole);

void runSteps(async () => {
  const loadBefore = loadavg()[0] ?? 0;
  // ESM only: tsx cannot load it with a static import from here.
  const { execa } = await import('execa');
  const asked = [`--jobs=${jobs}`, '--workers=1,2,4', '--cut-seconds=0'];
  const { exitCode, stdout, all } = await step('jobs with 1, 2 and 4 workers, minutes', () =>
    execa('nx', ['run', 'backend:scale', '--output-style=stream', '--', ...asked], {
      cwd: workspaceRoot,
      preferLocal: true,
      all: true,
      reject: false,
      cancelSignal: signal,
    }),
  );
  const runs = runsIn(stdout);
  if (exitCode !== 0 || runs.length < 3) {
    const end = (all ?? '').split('\n').slice(-30).join('\n');
    throw new StepError('backend:scale failed', 'The end of its output follows', end);
  }
  const report = { machine: machineText(), cores: cpus().length, loadBefore, runs };
  if (jobs >= whole) {
    const folder = join(workspaceRoot, 'docs/benchmarks');
    writeFileSync(join(folder, 'jobs.json'), `${JSON.stringify(report, undefined, 1)}\n`);
    writeFileSync(join(folder, 'jobs.md'), jobsPage(report));
  }
  console.log(jobsPage(report));
});
