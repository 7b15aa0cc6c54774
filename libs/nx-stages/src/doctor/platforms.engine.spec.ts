import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { StagedWorkspace } from '../testing/staged';
import { foreignPlatforms } from './platforms';

let workspace: StagedWorkspace;
const planned = (builders?: Record<string, string>) =>
  foreignPlatforms(workspace.engine, join(workspace.root, 'dist/app/docker/plan'), builders);

beforeAll(async () => {
  workspace = await StagedWorkspace.make();
  // No emulator and no engine runs this one.
  workspace.platforms.push('linux/mips64le');
  await workspace.plan();
});

afterAll(() => workspace.remove());

test('a platform that nothing runs is told from one that has a builder', async () => {
  expect(await planned()).toEqual([{ platform: 'linux/mips64le', how: 'nothing' }]);
  expect(await planned({ 'linux/mips64le': 'old-router' })).toEqual([
    { platform: 'linux/mips64le', how: 'builder', by: 'old-router' },
  ]);
});

test('a stage that only copies needs nothing', async () => {
  await workspace.write('app/Dockerfile', 'FROM scratch AS builder\nCOPY main.sh /\n');
  await workspace.plan();
  expect(await planned()).toEqual([]);
});
