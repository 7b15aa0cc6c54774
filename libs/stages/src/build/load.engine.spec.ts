import { readLayout } from '@excel2doc/oci';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { StagedWorkspace } from '../testing/staged';
import { imageId } from './load';

let workspace: StagedWorkspace;
beforeAll(async () => {
  workspace = await StagedWorkspace.make();
  await workspace.build();
}, 300_000);
afterAll(() => workspace.remove());

const load = async () => {
  const { success, text } = await workspace.load();
  expect(success, text).toBe(true);
  return text;
};

test('an image that is there under another name is not sent again', async () => {
  const { image, engine } = workspace;
  const id = await workspace.loaded();
  for (const name of [`${image}:kept`, `${image}-elsewhere/of:kept`]) {
    await workspace.removeImages();
    await load();
    await engine.tag(`${image}:test`, name);
    for (const { tag } of await engine.listImages([`reference=${image}`]))
      if (`${image}:${tag}` !== name) await engine.command(['image', 'rm', `${image}:${tag}`]);
    expect(await load()).toContain('was there already');
    expect(await workspace.loaded()).toBe(id);
    await engine.command(['image', 'rm', name]);
  }
});

test('what another tag of the same image has is not sent again', async () => {
  const { image, engine } = workspace;
  await load();
  await engine.tag(`${image}:test`, `${image}:old`);
  for (const { tag } of await engine.listImages([`reference=${image}`]))
    if (tag !== 'old') await engine.command(['image', 'rm', `${image}:${tag}`]);
  await workspace.write('app/main.sh', 'echo two');
  await workspace.plan();
  await workspace.stage('runner');
  expect(await load()).toMatch(/thin load, \d+ B sent/);
});

test('the first image on a base that the engine has is sent without it', async () => {
  const { image, engine, baseFolder } = workspace;
  const { descriptor } = await readLayout(baseFolder, engine.platform);
  await workspace.removeImages();
  expect(await load()).toMatch(/full load, [\d.]+ MiB sent/);
  const name = `${image}-elsewhere/base:any`;
  await engine.loadLayout({ dir: baseFolder, digest: descriptor.digest }, name);
  onTestFinished(async () => void (await engine.removeImage(name)));
  await workspace.removeImages();
  expect(await load()).toMatch(/thin load, \d+ B sent/);
  expect(await workspace.loaded()).toBe(imageId(engine, await workspace.record('runner')));
  expect(await workspace.output()).toBe('two\n');
});
