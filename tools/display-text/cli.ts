/** `nx run backend:display-text`: our text of a cell beside that of other formatters, as a page. */
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { locateEngine } from '@excel2doc/engine';
import { StepError, runSteps, signal, step } from '../steps';
import { workspaceRoot } from '../workspace';

const here = join(workspaceRoot, 'apps/backend/tests/display_text');
const folder = join(workspaceRoot, 'tmp/display-text');
const pages = join(workspaceRoot, 'docs/benchmarks');

void runSteps(async () => {
  const engine = await locateEngine();
  mkdirSync(folder, { recursive: true });
  const compare = async (...args: string[]) => {
    const { exitCode } = await engine.run({
      image: `excel2doc/backend-corpus:${process.env['NX_STAGES_TAG'] ?? 'dev'}`,
      command: ['python', '-m', 'tests.display_text.compare', ...args],
      variables: { HOME: '/tmp' },
      mounts: [
        `type=bind,source=${folder},target=/work`,
        `type=bind,source=${pages},target=/pages`,
      ],
      output: 'show',
      signal,
    });
    if (exitCode !== 0) {
      throw new StepError('the texts differ', 'docs/benchmarks/display-text.md says where');
    }
  };
  await step('the pairs of format and value', () => compare('cases', '/work/cases.jsonl'));
  await step('SSF and numfmt', otherFormatters);
  await step('ours, LibreOffice, and the comparison', () =>
    compare('report', '/work/others.jsonl', '/pages'),
  );
});

function otherFormatters(): Promise<void> {
  const cases = openSync(join(folder, 'cases.jsonl'), 'r');
  const texts = openSync(join(folder, 'others.jsonl'), 'w');
  const child = spawn(process.execPath, [join(here, 'oracles.mjs')], {
    stdio: [cases, texts, 'inherit'],
    signal,
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (status) => {
      closeSync(cases);
      closeSync(texts);
      if (status === 0) resolve();
      else reject(new StepError('the other formatters failed', 'Run `npm ci`, then this again'));
    });
  });
}
