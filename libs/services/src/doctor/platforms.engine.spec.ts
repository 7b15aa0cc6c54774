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
  expect(await planned()).toEqual([{ platform: 'linux/mips64le', how: 'nothing', builders: [] }]);
  expect(await planned({ 'linux/mips64le': 'old-router' })).toEqual([
    {
      platform: 'linux/mips64le',
      how: 'builder',
      builders: [{ name: 'old-router', says: undefined }],
    },
  ]);
  expect(await found()).toEqual([
    [
      'platform-cannot-run',
      'no builder is named for linux/mips64le, and the engine does not emulate it',
    ],
  ]);
});

test('builders under * are asked what they build for, for the own platform as well', async () => {
  const { platform } = workspace.engine;
  const builders = { '*': ['default'] };
  const asked = await planned(builders);
  expect(asked.map((each) => [each.platform, each.how])).toEqual([
    [platform, 'builder'],
    ['linux/mips64le', 'nothing'],
  ]);
  expect(asked[0]?.builders).toEqual(asked[1]?.builders);
  const [finding, ...others] = platforms({ foreignPlatforms: asked });
  expect(others).toEqual([]);
  expect(finding).toMatchObject({ id: 'platform-cannot-run', severity: 'error' });
  expect(finding?.seen).toMatch(new RegExp(`^default builds for ${platform}\\b`));
  // One that does not say may be the one.
  const mixed = await planned({ '*': ['default', 'router-1'] });
  expect(mixed.map(({ how }) => how)).toEqual(['builder', 'builder']);
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
