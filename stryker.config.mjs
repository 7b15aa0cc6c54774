import { relative } from 'node:path';

// `nx run <library>:mutation`, which runs in the library's folder.
const project = relative(import.meta.dirname, process.env.INIT_PROJECT ?? '.');

/**
 * What no unit test notices when it is changed. The whole workspace is copied, so that a library
 * finds the others; of it only one library is changed.
 *
 * @type {import('@stryker-mutator/api/core').PartialStrykerOptions}
 */
export default {
  testRunner: 'vitest',
  plugins: ['@stryker-mutator/vitest-runner'],
  vitest: { configFile: `${project}/vitest.config.mts`, dir: project, related: false },
  mutate: [
    `${project}/src/**/*.ts`,
    `!${project}/src/**/*.{spec,e2e}.ts`,
    `!${project}/src/**/testing/**`,
  ],
  ignorePatterns: ['/dist', '/tmp', '/docs', '/docker', '/.nx'],
  tempDirName: 'tmp/stryker',
  reporters: ['clear-text', 'progress-append-only', 'html', 'json'],
  htmlReporter: { fileName: `dist/mutation/${project}/index.html` },
  jsonReporter: { fileName: `dist/mutation/${project}/mutation.json` },
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
  coverageAnalysis: 'perTest',
  // It would write into files that tests compare.
  disableTypeChecks: false,
  // A test that passes by waiting is none.
  timeoutMS: 20_000,
  concurrency: 2,
  thresholds: { high: 90, low: 85, break: 85 },
};
