import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { StagedWorkspace } from '../testing/staged';

let workspace: StagedWorkspace;
beforeAll(async () => {
  workspace = await StagedWorkspace.make();
}, 300_000);
afterAll(() => workspace.remove());

const log = () => readFileSync(join(workspace.root, 'dist/app/docker/deps/build.log'), 'utf8');

test('a stage says one line, and a line for a slow step; the whole log is a file', async () => {
  await workspace.dockerfile('for i in 1 2 3 4 5 6 7 8 9; do echo said $i$i; done; sleep 1');
  await workspace.plan();
  await workspace.stage('builder');
  const { success, text } = await workspace.stage('deps');
  expect(success, text).toBe(true);
  const lines = text.split('\n');
  expect(lines.at(-1)).toMatch(
    /^deps \S+ sha256:\w+ \(.*\) in \d+\.\d s; log: dist\/app\/docker\/deps\/build\.log$/,
  );
  expect(lines.slice(0, -1).every((line) => /^deps: RUN .* \d+\.\d s$/.test(line))).toBe(true);
  expect(text).not.toContain('said 33');
  expect(log()).toMatch(/said 11[\s\S]*said 99/);
}, 300_000);

test('a step that fails is said with the end of what it printed, and where the rest is', async () => {
  await workspace.dockerfile('for i in 1 2 3; do echo said $i$i; done; exit 7');
  await workspace.plan();
  const { success, text } = await workspace.stage('deps');
  expect(success).toBe(false);
  expect(text).toMatch(
    /^✗ .*exit status 7[\s\S]*said 33[\s\S]*log: dist\/app\/docker\/deps\/build\.log/,
  );
  expect(log()).toContain('said 11');
}, 300_000);

test('a failure that is named by its cause says where the log is, too', async () => {
  await workspace.dockerfile(
    'echo said first; echo "E: Unable to locate package absent"; exit 100',
  );
  await workspace.plan();
  const { success, text } = await workspace.stage('deps');
  expect(success).toBe(false);
  expect(text).toMatch(/^✗ .*absent[\s\S]*log: dist\/app\/docker\/deps\/build\.log/);
  expect(log()).toContain('said first');
}, 300_000);
