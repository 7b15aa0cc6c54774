import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Has a process send itself a signal once what it starts runs, before it can do anything else. */
const AT_ONCE = (signal: string, pidFile: string) => `
const processes = require('node:child_process');
const { statSync } = require('node:fs');
const { spawn } = processes;
const runs = () => (statSync(${JSON.stringify(pidFile)}, { throwIfNoEntry: false })?.size ?? 0) > 0;
processes.spawn = (...args) => {
  const child = spawn(...args);
  while (!runs());
  process.kill(process.pid, '${signal}');
  return child;
};
require('node:module').syncBuiltinESMExports();
`;

let folder: string;
let pidFile: string;
let child: ChildProcess | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'command-end-'));
  pidFile = join(folder, 'pid');
});
afterEach(() => {
  child?.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

/** Whether a process is there, and is no zombie. */
function runs(pid: number): boolean {
  const path = `/proc/${pid}/stat`;
  return existsSync(path) && !/\) Z /.test(readFileSync(path, 'utf8'));
}

/** A process of ours that waits for a program which hangs. */
function wait(preload = ''): ChildProcess {
  const [script, before] = [join(folder, 'ask.ts'), join(folder, 'before.cjs')];
  const source = join(__dirname, 'command-output.ts');
  // The shell's own pid is that of what hangs.
  const line = `echo $$ > ${pidFile}; exec sleep 300`;
  writeFileSync(before, preload);
  writeFileSync(
    script,
    `import { commandOutput } from ${JSON.stringify(source)};
void commandOutput({ command: ['sh', '-c', ${JSON.stringify(line)}], cwd: '/', env: process.env, mostBytes: 9, timeoutMs: 300_000 });
`,
  );
  const args = ['--require', before, '--import', 'tsx', script];
  return spawn(process.execPath, args, { stdio: 'ignore' });
}

async function started(): Promise<number> {
  while (!existsSync(pidFile) || readFileSync(pidFile, 'utf8') === '') await sleep(50);
  return Number(readFileSync(pidFile, 'utf8'));
}

async function untilGone(pid: number): Promise<void> {
  while (runs(pid)) await sleep(50);
}

describe.each(SIGNALS)('a manager that hangs ends with us: %s', (signal) => {
  test('while it runs', async () => {
    child = wait();
    const ended = new Promise((resolve) => child?.once('exit', (_, by) => resolve(by)));
    const pid = await started();
    expect(runs(pid)).toBe(true);
    child.kill(signal);
    expect(await ended).toBe(signal);
    await untilGone(pid);
  });

  test('the moment that it has started', async () => {
    child = wait(AT_ONCE(signal, pidFile));
    const ended = new Promise((resolve) => child?.once('exit', (_, by) => resolve(by)));
    const pid = await started();
    expect(await ended).toBe(signal);
    await untilGone(pid);
  });
});
