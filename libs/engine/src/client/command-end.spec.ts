import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';

/** Whether a process is there, and is no zombie. */
function runs(pid: number): boolean {
  const path = `/proc/${pid}/stat`;
  return existsSync(path) && !/\) Z /.test(readFileSync(path, 'utf8'));
}

test.each(['SIGINT', 'SIGTERM'] as const)(
  'a manager that hangs ends with us: %s',
  async (signal) => {
    const folder = mkdtempSync(join(tmpdir(), 'secret-command-'));
    const [script, pidFile] = [join(folder, 'ask.ts'), join(folder, 'pid')];
    const source = join(__dirname, 'command-output.ts');
    const line = `echo $$ > ${pidFile}; exec sleep 300`;
    writeFileSync(
      script,
      `import { commandOutput } from ${JSON.stringify(source)};
void commandOutput({ command: ['sh', '-c', ${JSON.stringify(line)}], cwd: '/', env: process.env, mostBytes: 9, timeoutMs: 300_000 });
`,
    );
    const child = spawn(process.execPath, ['--import', 'tsx', script], { stdio: 'ignore' });
    try {
      while (!existsSync(pidFile) || readFileSync(pidFile, 'utf8') === '') await sleep(50);
      const pid = Number(readFileSync(pidFile, 'utf8'));
      expect(runs(pid)).toBe(true);
      child.kill(signal);
      await new Promise((ended) => child.once('exit', ended));
      for (let tries = 0; runs(pid) && tries < 50; tries++) await sleep(50);
      expect(runs(pid)).toBe(false);
    } finally {
      child.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    }
  },
  60_000,
);
