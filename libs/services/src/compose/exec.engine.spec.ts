import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestWorkspace, testWorkspace } from '../testing/workspace';

let workspace: TestWorkspace;

/** What is said after somebody has typed `keys` into a terminal in which `execIn` runs `command`. */
function inTerminal(kind: 'shell' | 'command', command: string[], keys: string): Promise<string> {
  const script = join(__dirname, '../testing/exec-in.ts');
  const file = join(workspace.root, 'docker/compose.yaml');
  const words = [process.execPath, '--import', 'tsx', script, file, workspace.project, 'app', kind];
  const line = [...words, ...command].map((word) => `'${word}'`).join(' ');
  const child = spawn('script', ['-qefc', line, '/dev/null'], {
    cwd: join(__dirname, '../../../..'),
  });
  let shown = '';
  child.stdout.on('data', (chunk: Buffer) => {
    if (shown === '') child.stdin.write(keys);
    shown += chunk.toString();
  });
  return new Promise((resolve) => child.on('close', () => resolve(shown)));
}

beforeAll(async () => {
  workspace = await testWorkspace(
    () => `services:
  app: { image: 'postgres:17-bookworm', command: [sleep, '600'], init: true, stop_grace_period: 0s }
`,
  );
  await (await workspace.open()).compose.up({ wait: true });
});

afterAll(() => workspace.remove());

test('a shell that is left with a status is no failure', async () => {
  expect(await inTerminal('shell', ['sh'], 'exit 3\n')).toContain('no failure');
  expect(await inTerminal('shell', ['sh'], 'no-such-program\nexit\n')).toContain('no failure');
});

test('a command that ends with one is, and so is a shell that is not there', async () => {
  expect(await inTerminal('command', ['sh'], 'exit 3\n')).toContain('ended with exit status 3');
  expect(await inTerminal('shell', ['fish'], '')).toMatch(/failure: .*exit status 12[67]/);
});
