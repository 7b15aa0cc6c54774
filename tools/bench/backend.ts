/** `nx run bench:backend [--quick]`: the service beside the obvious alternative, in its own image. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { locateEngine } from '@excel2doc/engine';
import { StepError, runSteps, signal, step } from '../steps';
import { workspaceRoot } from '../workspace';

const folder = join(workspaceRoot, 'docs/benchmarks');

void runSteps(async () => {
  const engine = await locateEngine();
  const args = process.argv.slice(2);
  const { exitCode, stdout, stderr } = await step('benchmark of the backend, minutes', () =>
    engine.run({
      image: `excel2doc/backend-bench:${process.env['NX_STAGES_TAG'] ?? 'dev'}`,
      command: ['python', '-m', 'bench.bench', ...args],
      network: 'none',
      signal,
    }),
  );
  if (exitCode !== 0) {
    throw new StepError('the benchmark failed', 'Its output follows', stderr);
  }
  const files = JSON.parse(stdout) as Record<string, string>;
  // A quick run is for a look: it is not what the documents claim.
  if (!args.includes('--quick')) {
    for (const [name, content] of Object.entries(files)) {
      await writeFile(join(folder, name), content);
    }
  }
  console.log(files['backend.md']);
});
