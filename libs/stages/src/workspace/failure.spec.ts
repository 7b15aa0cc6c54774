import { expect, test } from 'vitest';
import { failureLine } from './failure';
import { StagesError } from './fault';
import { resolveOptions } from './options';

const error = new StagesError('LOCK_INVALID', { message: 'It is no JSON', hint: 'Restore it' });

test('a failure is one line: what happened, what to do, what the workspace adds', () => {
  expect(failureLine(error)).toBe('✗ It is no JSON. Restore it.');
  expect(failureLine(error, { LOCK_INVALID: 'Ask Ann' })).toBe(
    '✗ It is no JSON. Restore it. Ask Ann.',
  );
  expect(failureLine(error, { OTHER: 'Ask Ann' })).toBe('✗ It is no JSON. Restore it.');
});

test('hints that are no texts are refused by name', () => {
  expect(() => resolveOptions({ hints: { A: 1 } as never })).toThrow(
    'option "hints" of @excel2doc/nx-stages is {"A":1}, it has to be an object of strings',
  );
});
