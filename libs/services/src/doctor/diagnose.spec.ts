import { describe, expect, test } from 'vitest';
import { EngineError } from '@excel2doc/engine';
import { demandedVariables, formatFinding, languageOf, StagesError } from '@excel2doc/stages';
import { diagnose } from './diagnose';

const failed = (stderr: string) =>
  new EngineError('BUILD_FAILED', { message: 'RUN failed', hint: '', stderr });

describe('what a failure said is named', () => {
  test.each([
    ['emulation-failed', failed('#7 exec /bin/sh: exec format error')],
    ['proxy-ca-missing', failed('SSLError: [SSL: CERTIFICATE_VERIFY_FAILED]')],
    [
      'clock-skew',
      failed('E: Release file for http://x/InRelease is not valid yet (invalid for another 3h)'),
    ],
    [
      'hash-mismatch',
      failed('ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.'),
    ],
    ['index-unreachable', failed('ReadTimeoutError: HTTPSConnectionPool: Read timed out.')],
    ['compiler-missing', failed("error: command 'gcc' failed: No such file or directory")],
    ['compiler-missing', failed("error: can't find Rust compiler")],
    ['disk-full', failed('write /x: no space left on device')],
    [
      'container-unhealthy',
      new EngineError('COMMAND_FAILED', { message: 'container a-1 is unhealthy', hint: '' }),
    ],
    ['env-variable-missing', failed('required variable KEY is missing a value: set it')],
    ['port-taken', new StagesError('PORT_TAKEN', { message: 'Port 1', hint: '' })],
    ['engine-missing', new EngineError('NO_ENGINE', { message: 'no', hint: '' })],
    ['engine-old', new EngineError('ENGINE_TOO_OLD', { message: 'old', hint: '' })],
    ['package-not-found', new EngineError('PACKAGE_NOT_FOUND', { message: 'no', hint: '' })],
  ])('%s', (id, error) => {
    expect(diagnose(error)?.id).toBe(id);
  });

  test('the line that gave it away is what was seen', () => {
    expect(diagnose(failed('first\n#7 exec format error\nlast'))?.seen).toBe(
      '#7 exec format error',
    );
  });

  test('an error that says it all gets no finding', () => {
    expect(diagnose(new StagesError('NOT_CONFIRMED', { message: 'x', hint: '' }))).toBeUndefined();
    expect(diagnose(new TypeError('x is not a function'))).toBeUndefined();
    expect(diagnose(undefined)).toBeUndefined();
  });
});

test.each([
  [{ LANG: 'zh_CN.UTF-8' }, 'zh'],
  [{ LANG: 'zh_CN.UTF-8', LC_ALL: 'en_US.UTF-8' }, 'en'],
  [{ LANG: 'zh_CN.UTF-8', LC_ALL: '' }, 'zh'],
  [{ LC_MESSAGES: 'zh_TW', LANG: 'de_DE' }, 'zh'],
  [{}, 'en'],
])('%j is read in %s', (env, language) => {
  expect(languageOf(env)).toBe(language);
});

test('a finding is three lines in the language of the reader', () => {
  const finding = diagnose(failed('exec format error'))!;
  expect(formatFinding(finding, 'zh').split('\n')).toEqual([
    expect.stringMatching(/^✗ emulation-failed: .*架构/),
    '    依据: exec format error',
    expect.stringMatching(/^ {4}处理: /),
  ]);
});

test('variables that a Compose file demands are read, comments and escapes are not', () => {
  const text = [
    'a: ${A:?write it}',
    'b: ${A:?again} ${B?}',
    '# ${C:?no}',
    'd: $${D:?no} ${E:-x}',
  ].join('\n');
  expect(demandedVariables(text)).toEqual([
    { name: 'A', message: 'write it' },
    { name: 'B', message: '' },
  ]);
});
