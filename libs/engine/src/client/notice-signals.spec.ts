import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'notice-'))));
afterAll(() => rmSync(folder, { recursive: true }));

/** What a process that looks for signals says and ends of, which gets one once it has run `before`. */
async function signalled(signal: NodeJS.Signals, before: string) {
  const script = join(folder, `${signal}.ts`);
  writeFileSync(
    script,
    `import { runChild } from ${JSON.stringify(join(__dirname, 'child.ts'))};
import { SignalNotice } from ${JSON.stringify(join(__dirname, 'notice-signals.ts'))};
const signal = ${JSON.stringify(signal)};
void (async () => {
  const notices = [new SignalNotice(), new SignalNotice()];
  setInterval(() => undefined, 1000);
  ${before}
  console.log('ready');
})();
`,
  );
  const child = spawn(process.execPath, ['--import', 'tsx', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => {
    if (said === '') child.kill(signal);
    said += chunk.toString();
  });
  const [status, by] = (await once(child, 'close')) as [number | null, string | null];
  return { said, status, by };
}

const CHILD = `void runChild('sleep', 'sleep', ['300'], { baseEnv: process.env, onStderr: () => undefined });
  await new Promise((resolve) => setTimeout(resolve, 500));`;

test.each(SIGNALS)('who is looked at is ended by %s as else', async (signal) => {
  const ended = { said: 'ready\n', status: null, by: signal };
  expect(await signalled(signal, '')).toEqual(ended);
  expect(await signalled(signal, CHILD)).toEqual(ended);
});

test.each(SIGNALS)('who heeds %s by itself does, once, and it has been seen', async (signal) => {
  const heed = `process.on(signal, () => {
    console.log('heard', ...notices.map(({ isSeen }) => isSeen));
    for (const notice of notices) notice.close();
    setTimeout(() => process.exit(7), 200);
  });`;
  const ended = { said: 'ready\nheard true true\n', status: 7, by: null };
  expect(await signalled(signal, heed)).toEqual(ended);
});
