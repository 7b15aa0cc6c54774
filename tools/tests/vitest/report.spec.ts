import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { workspaceRoot } from '../../workspace';
import type { TestReport } from './report.mts';
import { declaredSeconds } from './takes.mts';

const CONFIG = `import { suites } from '${join(workspaceRoot, 'vitest.base.mts')}';
export default suites({ together: true, maxWorkers: 1 });
`;

/** Runs Vitest itself on the files: what it wrote down, its exit status, and the folder, for as long as the test runs. */
async function run(
  files: Record<string, string>,
  env: Record<string, string> = {},
  mode: 'long' | 'unit' = 'long',
) {
  // Where vitest is found: below this workspace.
  mkdirSync(join(workspaceRoot, 'tmp'), { recursive: true });
  const folder = mkdtempSync(join(workspaceRoot, 'tmp/report-spec-'));
  const project = `report-spec-${process.pid}`;
  const out = join(workspaceRoot, 'dist/tests', project);
  onTestFinished(() => rmSync(folder, { recursive: true }));
  onTestFinished(() => rmSync(out, { recursive: true, force: true }));
  for (const [name, text] of Object.entries({ 'vitest.config.mts': CONFIG, ...files }))
    writeFileSync(join(folder, name), text);
  const vitest = join(workspaceRoot, 'node_modules/vitest/vitest.mjs');
  const ran = promisify(execFile)(process.execPath, [vitest, 'run', '--mode', mode], {
    cwd: folder,
    env: { ...process.env, NX_TASK_TARGET_PROJECT: project, NX_TASK_TARGET_TARGET: 't', ...env },
  });
  const status = await ran.then(
    () => 0,
    ({ code }: { code: number }) => code,
  );
  const report = JSON.parse(readFileSync(join(out, 't.json'), 'utf8')) as TestReport;
  return {
    status,
    folder,
    files: report.files.map((file) => ({ ...file, file: '', durationMs: 0 })),
  };
}

const spec = (body: string) =>
  `// Takes 90 s.\nimport { beforeAll, beforeEach, expect, it } from 'vitest';\n${body}\n`;
const SKIPPED = spec(
  "beforeEach(({ skip }) => skip(true, 'missing: a program'));\nit('one', () => {});",
);

test('a skip for a missing program is named, and is a failure on a CI machine', async () => {
  const files = { 'a.long.spec.ts': SKIPPED };
  const skip = { name: 'one', reason: 'missing: a program' };
  const here = await run(files, { CI: '' });
  expect(here).toMatchObject({ status: 0, files: [{ passed: 0, failures: [], skips: [skip] }] });
  const onCi = await run(files, { CI: 'true' });
  expect(onCi.status).toBe(1);
  expect(onCi.files).toMatchObject([{ skips: [], failures: [{ name: 'one' }] }]);
});

test('a skip that does not say why is a failure everywhere', async () => {
  const { status, files } = await run({ 'a.long.spec.ts': spec("it.skip('one', () => {});") });
  expect(status).toBe(1);
  expect(files[0]?.failures).toEqual([
    { name: 'one', message: 'it is skipped and does not say why' },
  ]);
});

test('a hook that fails is a failure, and what comes after it is named', async () => {
  const body = "beforeAll(() => { throw new Error('no engine'); });\nit('one', () => {});";
  const { status, files } = await run({ 'a.long.spec.ts': spec(body) });
  expect(status).toBe(1);
  expect(files[0]).toMatchObject({
    failures: [{ message: 'no engine' }],
    skips: [{ name: 'one', reason: 'something before it failed' }],
  });
});

test('a failure says what was tried, and the end of what was answered', async () => {
  const lines = ['a command', '', ...Array.from({ length: 20 }, (_, at) => `line ${at}`)];
  const body = `it('one', () => { throw new Error(${JSON.stringify(lines.join('\n'))}); });`;
  const { files } = await run({ 'a.long.spec.ts': spec(body) });
  const message = files[0]?.failures[0]?.message.split('\n') ?? [];
  expect(message.slice(0, 3)).toEqual(['a command', '    (12 lines)', '    line 12']);
  expect(message.at(-1)).toBe('    line 19');
});

test('what does not fit the budget is not started, hooks and all, and is named', async () => {
  const body = "beforeAll(() => { throw new Error('started'); });\nit('one', () => {});";
  const short = spec("it('two', () => expect(1).toBe(1));").replace('90', '1');
  const files = { 'a.long.spec.ts': spec(body), 'b.long.spec.ts': short };
  const deadline = { TEST_DEADLINE_MS: String(Date.now() + 60_000) };
  const { status, files: found } = await run(files, deadline);
  expect(status).toBe(0);
  const reason = expect.stringContaining('it takes about 90 s');
  expect(found.find(({ passed }) => passed === 0)?.skips).toEqual([{ name: 'one', reason }]);
  expect(found.find(({ passed }) => passed === 1)?.skips).toEqual([]);
});

test('says what it takes in a line of its own', () => {
  expect(declaredSeconds(SKIPPED)).toBe(90);
  expect(declaredSeconds('it("// Takes 3 s.")')).toBeUndefined();
});

test('units of all files of a worker run in one process, and find nothing of what the file before them has set', async () => {
  const body = `import { appendFileSync } from 'node:fs';
import { vi } from 'vitest';
it('one', () => {
  const { env } = process;
  const found = [env.LEFT, env.TZ, process.umask(), process.cwd(), vi.isMockFunction(console.info)];
  expect(found).toEqual([undefined, 'UTC', 0o022, import.meta.dirname, false]);
  Object.assign(env, { LEFT: 'behind', TZ: 'Asia/Shanghai' });
  process.umask(0o077);
  process.chdir('/');
  vi.spyOn(console, 'info');
});
it('two', () => appendFileSync(import.meta.dirname + '/pids', process.pid + ' '));`;
  const files = { 'a.spec.ts': spec(body), 'b.spec.ts': spec(body) };
  const found = await run(files, {}, 'unit');
  expect(found.files.flatMap(({ failures }) => failures)).toEqual([]);
  expect(found).toMatchObject({ status: 0, files: [{ passed: 2 }, { passed: 2 }] });
  const pids = readFileSync(join(found.folder, 'pids'), 'utf8').trim().split(' ');
  expect(pids).toEqual([pids[0], pids[0]]);
});
