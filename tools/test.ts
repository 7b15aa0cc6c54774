/**
 * `npm test`, and with `--all` `npm run test:all`. For CI: `--changed=50 --until=<seconds since 1970>`
 * runs the long suites of what the last 50 commits have changed as well, as far as they fit, and
 * `--again` runs what failed a second time, alone, and names what passes then.
 */
import { parseArgs } from 'node:util';
import { ensureEnvironment } from './environment';
import { prepareEngine } from './prepare';
import { runSteps } from './steps';
import { everyChange, everything, longSuitesOfChanged } from './tests/gate';
import { addTallies, summary } from './tests/tally';

const { values } = parseArgs({
  options: {
    again: { type: 'boolean', default: false },
    all: { type: 'boolean', default: false },
    changed: { type: 'string' },
    until: { type: 'string' },
  },
});

void runSteps(async () => {
  await prepareEngine();
  ensureEnvironment();
  const tallies = [values.all ? await everything() : await everyChange(values)];
  if (values.changed) {
    const untilMs = Number(values.until ?? Infinity) * 1000;
    tallies.push(await longSuitesOfChanged(Number(values.changed), untilMs, values));
  }
  const tally = addTallies(tallies);
  if (tally.failed.length > 0) process.exitCode = 1;
  for (const line of summary(tally)) console.log(line);
});
