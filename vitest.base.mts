import { join } from 'node:path';
import { type ViteUserConfig, defineConfig } from 'vitest/config';
import { ANY_CLASS, CLASSES } from './tools/tests/vitest/classes.mts';
import { enterKnownEnvironment } from './tools/tests/vitest/known-environment.mts';
import { ReportWriter } from './tools/tests/vitest/reporter.mts';
import { ShortestFirst } from './tools/tests/vitest/sequence.mts';

const workspace = import.meta.dirname;
const from = (name: string) => join(workspace, 'tools/tests/vitest', name);

type Options = ViteUserConfig['test'] & { together?: boolean };

/**
 * The configuration of a project's tests: what runs is a question of the mode (`vitest run --mode
 * engine`) and of a spec's name.
 *
 * @param options `together`: a worker runs the units of all its files in one process, which loads once
 *   what they all load; other than that, what this project has of its own
 */
export function suites({ together = false, ...more }: Options = {}) {
  return defineConfig(({ mode: asked }) => {
    // A program that starts Vitest by itself cannot give it a mode.
    const mode = process.env['TEST_MODE'] ?? asked;
    const { NX_TASK_TARGET_PROJECT: project, NX_TASK_TARGET_TARGET: target, CI } = process.env;
    enterKnownEnvironment({ outside: mode !== 'unit' });
    const out = project && target && join(workspace, 'dist/tests', project, `${target}.json`);
    const { exclude, ...kind } = CLASSES[mode] ?? ANY_CLASS;
    const isStory = mode === 'e2e';
    return {
      test: {
        ...kind,
        exclude: ['**/node_modules/**', '**/dist/**', ...exclude],
        setupFiles: [from('seed.mts'), from('left-behind.mts')],
        // StrykerJS, which sets TEST_MODE, has modules loaded anew to change what they do as they load.
        ...(asked === 'unit' && { isolate: !together }),
        // Two at a time: suites that share something see to it that they take turns.
        ...(mode === 'long' && { runner: from('budget.mts'), maxWorkers: 2 }),
        ...(mode === 'long' && { sequence: { sequencer: ShortestFirst } }),
        ...(isStory && { fileParallelism: false, bail: 1 }),
        reporters: ['default', new ReportWriter({ workspace, out: out || undefined, isCi: !!CI })],
        ...more,
      },
    };
  });
}
