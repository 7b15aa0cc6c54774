/** Jobs a minute by the number of workers, as data and as a page. */

/** One line that `tests.scale` prints: a run of all jobs with so many workers. */
export interface JobsRun {
  workers: number;
  jobs: number;
  clients: number;
  jobs_a_minute: number;
  faults: string[];
}

/** `loadBefore` is the machine's own load average of a minute before the first run. */
export interface JobsReport {
  machine: string;
  cores: number;
  loadBefore: number;
  runs: JobsRun[];
}

/** The runs in what `nx run backend:scale` has printed. */
export function runsIn(output: string): JobsRun[] {
  return output
    .split('\n')
    .map((line) => /\{"workers": .*\}/.exec(line)?.[0])
    .filter((found) => found !== undefined)
    .map((found) => JSON.parse(found) as JobsRun);
}

/** The page in docs/benchmarks. */
export function jobsPage({ machine, cores, loadBefore, runs }: JobsReport): string {
  const [first] = runs;
  if (!first) throw new Error('a report has runs');
  const rows = runs.map(
    (run) =>
      `| ${run.workers} | ${run.jobs_a_minute.toFixed(0)} | ${(run.jobs_a_minute / first.jobs_a_minute).toFixed(2)} |`,
  );
  return `# Jobs a minute

Made by \`npx nx run bench:jobs\`: ${first.jobs} jobs in mode \`per-row\`, most of 3 rows, some of 20 and few of 150, sent by ${first.clients} clients of four teams, timed from the first request to the last job done. PostgreSQL, Redis, the service and the clients run on the same ${cores} cores as the workers, so that more workers than cores add little.

| workers | jobs a minute | beside the first |
| ------- | ------------- | ---------------- |
${rows.join('\n')}

${machine}. Before the first run the load average of a minute was ${loadBefore.toFixed(2)}${loadBefore > cores / 4 ? ': **something else ran**, and these numbers are too low' : ''}.
`;
}
