import { expect, test } from 'vitest';
import { commandArguments } from './arguments';

const own = ['user', 'service'];

test.each([
  ['all of them', ['ls', '-l'], ['ls', '-l']],
  ['flags as well', ['-c', 'pwd'], ['-c', 'pwd']],
  ['not our options before them', ['--user=root', '--service=db', 'id', '-u'], ['id', '-u']],
  ['the command’s own of the same name', ['ls', '--user=x'], ['ls', '--user=x']],
  ['nothing where only options are', ['--user=root'], []],
])('a command gets %s', (_what, given, expected) => {
  expect(commandArguments(given, own)).toEqual(expected);
});

test('a command without arguments gets none', () => {
  expect(commandArguments(undefined, own)).toEqual([]);
});
