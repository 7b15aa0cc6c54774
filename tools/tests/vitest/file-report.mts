import { stripVTControlCharacters } from 'node:util';
import type { TestCase, TestModule } from 'vitest/node';
import { type FileReport, type Skip, faultOf } from './report.mts';

/** @param file the spec's path, relative to the workspace */
export function fileReport(module: TestModule, file: string, isCi: boolean): FileReport {
  const tests = [...module.children.allTests()];
  const failures = [
    ...hookFailures(module),
    ...tests.flatMap((test) => {
      const { state, errors } = test.result();
      return state === 'failed' ? [{ name: test.fullName, message: shortened(errors) }] : [];
    }),
  ];
  const passed = tests.filter((test) => test.result().state === 'passed').length;
  const skips = tests
    .filter((test) => !['passed', 'failed'].includes(test.result().state))
    .map((test): Skip => {
      const reason = module.meta().skipped ?? reasonOf(test);
      // What follows a failure of a hook, or of a test in a story, did not get its turn.
      const behind = failures.length > 0 ? 'something before it failed' : '';
      return { name: test.fullName, reason: reason || behind };
    });
  const faults = skips.flatMap((skip) => {
    const message = faultOf(skip, isCi);
    return message === undefined ? [] : [{ name: skip.name, message }];
  });
  const { duration, collectDuration } = module.diagnostic();
  return {
    file,
    durationMs: Math.round(duration + collectDuration),
    passed,
    failures: [...failures, ...faults],
    skips: skips.filter((skip) => faultOf(skip, isCi) === undefined),
  };
}

function hookFailures(module: TestModule): FileReport['failures'] {
  return [
    ...module.errors().map((error) => ({ name: 'the file itself', message: shortened([error]) })),
    ...[...module.children.allSuites()].flatMap((suite) =>
      suite.errors().map((error) => ({ name: suite.fullName, message: shortened([error]) })),
    ),
  ];
}

function reasonOf(test: TestCase): string {
  const result = test.result();
  const note = result.state === 'skipped' ? result.note : undefined;
  return note ?? (test.options.mode === 'todo' ? 'not written yet' : '');
}

/** Of the end of a message: what a command that failed said last. */
const LAST_LINES = 8;

/**
 * A log of CI is all that its reader has. The first line says what was tried, the last ones why not;
 * what lies between is counted.
 */
function shortened(errors: readonly { message?: string }[] | undefined): string {
  const message = errors?.[0]?.message;
  if (message === undefined) return 'no reason given';
  const [first, ...rest] = stripVTControlCharacters(message)
    .split('\n')
    .filter((line) => line.trim() !== '');
  const left = rest.length - LAST_LINES;
  const shown = left > 0 ? [`(${left} lines)`, ...rest.slice(left)] : rest;
  return [first ?? '', ...shown.map((line) => `    ${line}`)].join('\n');
}
