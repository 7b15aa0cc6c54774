/** `nx run backend:corpus [--part=small]`: the corpus in the image that has LibreOffice. */
import { locateEngine } from '@excel2doc/engine';
import { StepError, runSteps, signal, step } from '../steps';
import { runCorpus } from './run';

void runSteps(async () => {
  const part = process.argv.includes('--part=small') ? 'small' : 'all';
  const engine = await locateEngine();
  const { exitCode } = await step(
    `corpus (${part}): fetch, convert, open in LibreOffice`,
    () => runCorpus(engine, part, 'show', signal),
    (result) => result.exitCode === 0,
  );
  if (exitCode !== 0) throw new StepError('the corpus failed', 'Its output stands above');
});
