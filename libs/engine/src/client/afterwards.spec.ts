import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runAfterwards } from './afterwards';

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'afterwards-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A process and all that it has started, as Nx finds them for ending a task. */
function tree(pid: number): number[] {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).split('\n');
  const pairs = lines.map((line) => line.trim().split(/\s+/).map(Number));
  const below = (of: number): number[] =>
    pairs.flatMap(([child = 0, parent]) => (parent === of ? [child, ...below(child)] : []));
  return [pid, ...below(pid)];
}

test.each(['SIGINT', 'SIGTERM', 'SIGKILL'] as const)(
  'is run when all processes of ours are ended at once: %s',
  async (signal) => {
    const [script, ready, done] = ['ask.ts', 'ready', 'done'].map((name) => join(folder, name));
    writeFileSync(
      script!,
      `import { writeFileSync } from 'node:fs';
import { runAfterwards } from ${JSON.stringify(join(__dirname, 'afterwards.ts'))};
void runAfterwards('touch', [${JSON.stringify(done)}], process.env).then(() => {
  writeFileSync(${JSON.stringify(ready)}, '');
  setInterval(() => {}, 1000);
});
`,
    );
    const child = spawn(process.execPath, ['--import', 'tsx', script!], { stdio: 'ignore' });
    while (!existsSync(ready!)) await sleep(50);
    for (const pid of tree(child.pid!)) process.kill(pid, signal);
    await expect.poll(() => existsSync(done!), { timeout: 5000 }).toBe(true);
  },
  60_000,
);

test('is run to its end when it is asked for, and not before', async () => {
  const file = join(folder, 'said');
  const script = 'echo begun > "$0"; sleep 0.5; echo ended >> "$0"';
  const waiting = await runAfterwards('sh', ['-c', script, file], process.env);
  await sleep(200);
  expect(existsSync(file)).toBe(false);
  await waiting.run();
  expect(readFileSync(file, 'utf8')).toBe('begun\nended\n');
});
