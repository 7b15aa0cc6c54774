/** `nx run backend:corpus-survey`: published workbooks through the service, and what it refused. */
import { join } from 'node:path';
import { locateEngine } from '@excel2doc/engine';
import { StepError, runSteps, signal, step } from '../steps';
import { workspaceRoot } from '../workspace';

const SURVEY = 'python -m tests.corpus.fetch /corpus published && python -m tests.corpus.survey';

void runSteps(async () => {
  const engine = await locateEngine();
  const { exitCode } = await step(
    '1,600 published workbooks: fetch, convert',
    () =>
      engine.run({
        image: `excel2doc/backend-corpus:${process.env['NX_STAGES_TAG'] ?? 'dev'}`,
        command: ['sh', '-c', `${SURVEY} /corpus/published /pages`],
        variables: { HOME: '/tmp' },
        mounts: [
          'type=volume,source=excel2doc-corpus,target=/corpus',
          `type=bind,source=${join(workspaceRoot, 'docs/benchmarks')},target=/pages`,
        ],
        output: 'show',
        signal,
      }),
    (result) => result.exitCode === 0,
  );
  if (exitCode !== 0)
    throw new StepError('a workbook was answered badly', 'The lines with ✗ say which');
});
