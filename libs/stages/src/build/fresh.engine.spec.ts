import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { StagedWorkspace } from '../testing/staged';

let workspace: StagedWorkspace;
beforeAll(async () => {
  workspace = await StagedWorkspace.make();
  // Another result whenever it is run.
  await workspace.dockerfile('cat /proc/sys/kernel/random/uuid > /etc/installed');
}, 300_000);
afterAll(() => workspace.remove());

/** The digest of `deps`, made with nothing but the engine's own cache, under a lock of that time. */
async function made(fresh?: string): Promise<string> {
  const lock = { format: 1, images: {}, ...(fresh && { fresh: { 'app/Dockerfile': fresh } }) };
  await workspace.write('lock.json', JSON.stringify(lock));
  await rm(join(workspace.root, 'dist'), { recursive: true, force: true });
  for (const step of [
    () => workspace.plan(),
    () => workspace.stage('builder'),
    () => workspace.stage('deps'),
  ]) {
    const { success, text } = await step();
    expect(success, text).toBe(true);
  }
  return (await workspace.record('deps')).digest;
}

test('the steps of each time are made once, whatever the engine has of others', async () => {
  const before = await made();
  const fresh = await made('2026-11-20T00:00:00.000Z');
  expect(fresh).not.toBe(before);
  expect(await made('2026-11-20T00:00:00.000Z')).toBe(fresh);
  expect(await made()).toBe(before);
}, 300_000);
