/** `npm test`: every test of the repository, against the real engine. */
import { ensureEnvironment } from './environment';
import { prepareEngine } from './prepare';
import { StepError, nx, runSteps, signal, step } from './steps';
import { type TestCounts, countTests } from './test-counts';

const suites = [
  {
    name: 'test',
    title: 'lint, types and tests of every project',
    args: ['run-many', '-t', 'lint', 'typecheck', 'test'],
  },
  {
    name: 'e2e',
    title: 'end to end: a fresh clone, from `npm start` to `npm run stop`',
    args: ['run', 'tools:e2e'],
  },
  {
    name: 'e2e-long',
    title: 'end to end: the page, S3, the corpus, the package, every command of the guide',
    args: ['run', 'tools:e2e-long'],
  },
];

/** Runs one suite; a failure is kept, so that the suites after it still run. */
async function runSuite(
  suite: (typeof suites)[number],
): Promise<{ counts: TestCounts; error?: StepError }> {
  try {
    const output = await step(suite.title, (log) => nx(suite.name, suite.args, log));
    return { counts: countTests(output) };
  } catch (error) {
    if (signal.aborted || !(error instanceof StepError)) throw error;
    const { passed, failed } = countTests(error.output ?? '');
    return { counts: { passed, failed: Math.max(failed, 1) }, error };
  }
}

void runSteps(async () => {
  await prepareEngine();
  ensureEnvironment();
  const total: TestCounts = { passed: 0, failed: 0 };
  for (const suite of suites) {
    const { counts, error } = await runSuite(suite);
    total.passed += counts.passed;
    total.failed += counts.failed;
    if (!error) continue;
    process.exitCode = 1;
    console.error(
      `✗ ${error.message.replace(/\.?$/, '.')} All of its log is in tmp/logs/${suite.name}.log\n${error.log ?? ''}`,
    );
  }
  console.log(`${total.passed} passed, ${total.failed} failed`);
});
