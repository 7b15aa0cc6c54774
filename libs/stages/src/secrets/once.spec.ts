import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { keepAnswers } from './once';

const folder = mkdtempSync(join(tmpdir(), 'once-'));
const asked = join(folder, 'asked');
const task = join(folder, 'task.ts');

beforeAll(() => {
  keepAnswers();
  writeFileSync(asked, '');
  writeFileSync(
    task,
    `import { appendFileSync } from 'node:fs';
import { oncePerRun } from ${JSON.stringify(join(__dirname, 'once.ts'))};
const [name, fails] = process.argv.slice(2);
oncePerRun(name!, async () => {
  appendFileSync(${JSON.stringify(asked)}, name + '\\n');
  await new Promise((resolve) => setTimeout(resolve, 200));
  if (fails) throw new Error('it failed');
  return Buffer.from([0, 255, 10]);
}).then((value) => process.stdout.write(value.toString('hex')), () => process.exit(3));
`,
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A task of this run. */
const run = async (...args: string[]) =>
  (await promisify(execFile)(process.execPath, ['--import', 'tsx', task, ...args])).stdout;
const times = (name: string) =>
  readFileSync(asked, 'utf8')
    .split('\n')
    .filter((line) => line === name).length;

test('tasks that run at a time and later ones ask once', async () => {
  expect(await Promise.all([run('a'), run('a'), run('b')])).toEqual(['00ff0a', '00ff0a', '00ff0a']);
  expect(await run('a')).toBe('00ff0a');
  expect([times('a'), times('b')]).toEqual([1, 1]);
});

test('what failed is asked again by whoever waits', async () => {
  await expect(run('c', 'fails')).rejects.toMatchObject({ code: 3 });
  expect(await run('c')).toBe('00ff0a');
  expect(times('c')).toBe(2);
});
