/** `nx run backend:corpus [--part=small]`: the corpus in the image that has LibreOffice. */
import { locateEngine } from '@excel2doc/engine';
import { StepError, runSteps, signal, step } from './steps';

const part = process.argv.find((argument) => argument.startsWith('--part='))?.slice(7) ?? 'all';

void runSteps(async () => {
  const engine = await locateEngine();
  const { exitCode } = await step(`corpus (${part}): fetch, convert, open in LibreOffice`, () =>
    engine.run({
      image: `excel2doc/backend-corpus:${process.env['NX_STAGES_TAG'] ?? 'dev'}`,
      command: [
        'sh',
        '-c',
        'python -m tests.corpus.fetch /corpus "$0" && pytest tests/corpus',
        part,
      ],
      variables: { EXCEL2DOC_CORPUS: '/corpus', HOME: '/tmp' },
      // What was fetched once is kept, and its hashes are checked again.
      mounts: ['type=volume,source=excel2doc-corpus,target=/corpus'],
      output: 'show',
      signal,
    }),
  );
  if (exitCode !== 0) throw new StepError('the corpus failed', 'Its output stands above');
});
