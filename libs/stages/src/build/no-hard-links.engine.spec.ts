import { execFileSync, spawnSync } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Step, StepName } from '../testing/run-step';
import { StagedWorkspace } from '../testing/staged';

const withoutLinks = join(__dirname, '../testing/without-links.py');

test('a file system without hard links gives the same image', async () => {
  const workspace = await StagedWorkspace.make();
  onTestFinished(() => workspace.remove());
  await workspace.build();
  const { digest } = await workspace.record('runner');
  const id = await workspace.loaded();
  await rm(join(workspace.root, 'dist'), { recursive: true });
  await workspace.removeImages();

  const own = join(workspace.root, 'lock.json');
  const refused = spawnSync('python3', [withoutLinks, 'ln', own, `${own}.link`], {
    encoding: 'utf8',
  });
  expect(refused.status).toBe(1);
  expect(refused.stderr).toContain('Operation not permitted');

  const run = (name: StepName, given: Partial<Step> = {}) => {
    const script = join(__dirname, '../testing/run-step.ts');
    const node = [process.execPath, '--import', 'tsx', script];
    const all = [withoutLinks, ...node, JSON.stringify(workspace.step(name, given))];
    return execFileSync('python3', all, { cwd: __dirname, stdio: 'pipe' });
  };
  run('plan');
  for (const stage of ['builder', 'deps', 'runner']) run('stage', { stage });
  run('load', { stage: 'runner' });
  expect((await workspace.record('runner')).digest).toBe(digest);
  expect(await workspace.loaded()).toBe(id);
}, 600_000);
