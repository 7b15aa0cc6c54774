// Takes 180 s.
import { locateEngine } from '@excel2doc/engine';
import { expect, test } from 'vitest';
import { runCorpus } from '../corpus/run';

test('files that others have published are converted, or refused by name', async () => {
  const { exitCode, stdout, stderr } = await runCorpus(await locateEngine(), 'small', 'capture');
  expect(exitCode, stdout + stderr).toBe(0);
  expect(stdout).toMatch(/\d{3} passed/);
});
