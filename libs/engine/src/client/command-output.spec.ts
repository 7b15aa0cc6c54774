import { expect, test } from 'vitest';
import { commandOutput } from './command-output';

const run = (command: readonly string[] | string, more = {}) =>
  commandOutput({
    command,
    cwd: process.cwd(),
    env: process.env,
    mostBytes: 100,
    timeoutMs: 10_000,
    ...more,
  });

test('gives what a program prints, byte for byte', async () => {
  expect(await run(['printf', '\\377\\000a\\n'])).toEqual(Buffer.from([255, 0, 97, 10]));
});

test('takes words as they are, and a line by a shell only where it is one', async () => {
  expect((await run(['echo', '$HOME;', 'x'])).toString()).toBe('$HOME; x\n');
  expect((await run('echo a | tr a b')).toString()).toBe('b\n');
});

test.each([
  [
    ['sh', '-c', 'echo open >&1; echo is locked >&2; exit 3'],
    /^sh ended with status 3\nis locked$/,
  ],
  [['no-such-program-here'], /^no-such-program-here cannot be started \(ENOENT\)$/],
  [['sh', '-c', 'head -c 200 /dev/zero'], /^sh printed more than 100 bytes$/],
  [['sh', '-c', 'kill -9 $$'], /^sh was ended by SIGKILL$/],
])('says why there is no answer, and nothing of it: %j', async (command, message) => {
  await expect(run(command)).rejects.toThrow(message);
});

test('waits no longer than it may', async () => {
  await expect(run(['sleep', '30'], { timeoutMs: 200 })).rejects.toThrow(
    /^sleep did not end within 0\.2 s$/,
  );
});
