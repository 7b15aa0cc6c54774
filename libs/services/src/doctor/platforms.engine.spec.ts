import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Builders } from '@excel2doc/stages';
import { StagedWorkspace } from '@excel2doc/stages/testing/staged';
import { foreignPlatforms, platforms } from './platforms';

let workspace: StagedWorkspace;
/** The findings, by id. */
const found = async () =>
  platforms({ foreignPlatforms: await planned() }).map(({ id, seen }) => [id, seen]);
const planned = (builders?: Builders) =>
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
  expect(await planned({ '*': ['router-1', 'router-2'] })).toEqual([
    { platform: 'linux/mips64le', how: 'builder', by: 'router-1, router-2' },
  ]);
  expect(await found()).toEqual([
    ['platform-cannot-run', expect.stringContaining('linux/mips64le')],
  ]);
});

test('one that qemu runs is found, one that the engine runs itself is not', async ({ skip }) => {
  const { engine } = workspace;
  const [other] = ['linux/arm64', 'linux/amd64'].filter((each) => each !== engine.platform);
  const { stdout } = await engine.buildxCommand(['inspect']);
  skip(
    !/^Platforms:.*$/m.exec(stdout)?.[0].includes(other!),
    'this kernel has no emulator of the other platform (tools/engine/cli.ts emulate)',
  );
  workspace.platforms.splice(1, 1, other!);
  if (engine.platform === 'linux/amd64') workspace.platforms.push('linux/386');
  await workspace.plan();
  expect(await found()).toEqual([['platform-emulated', expect.stringContaining(other!)]]);
});

test('a stage that only copies needs nothing', async () => {
  await workspace.write('app/Dockerfile', 'FROM scratch AS builder\nCOPY main.sh /\n');
  await workspace.plan();
  expect(await planned()).toEqual([]);
});
