import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { end } from './fresh';

test.each([
  ['by itself', 'exit 3', { exitCode: 3, signalCode: null }],
  ['by a signal', 'kill -KILL $$', { exitCode: null, signalCode: 'SIGKILL' }],
])('a process that has ended %s is not waited for', async (_, script, expected) => {
  const child = spawn('sh', ['-c', script], { stdio: 'ignore' });
  await once(child, 'close');
  await end(child);
  expect(child).toMatchObject(expected);
});

test('a process that runs has ended afterwards', async () => {
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  await once(child, 'spawn');
  await end(child);
  expect(child.signalCode).toBe('SIGTERM');
});
