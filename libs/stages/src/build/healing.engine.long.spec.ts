// Takes 50 s.
import { readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { layoutSource, readLayout } from '@excel2doc/oci';
import { flipBit } from '@excel2doc/oci/testing/folder';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { StagedWorkspace } from '../testing/staged';

let workspace: StagedWorkspace;
/** Of the image that was built first. */
let digest: string;

beforeAll(async () => {
  workspace = await StagedWorkspace.make();
  await workspace.build();
  ({ digest } = await workspace.record('runner'));
});

afterAll(() => workspace.remove());

// The whole image has to be sent again, so every blob is read.
beforeEach(() => workspace.removeImages());

/** A line for each says what happened, and the image that was asked for is in the engine. */
async function expectMended(...lines: RegExp[]) {
  const { success, text } = await workspace.load();
  expect(text.split('\n').filter((each) => each.startsWith('! '))).toEqual(
    lines.map((line) => expect.stringMatching(line)),
  );
  expect(success).toBe(true);
  const { configDigest, digest: found } = await workspace.record('runner');
  expect(found).toBe(digest);
  const id = workspace.engine.store === 'containerd' ? digest : configDigest;
  expect(await workspace.loaded()).toBe(id);
}

describe('an image of damaged outputs still comes into the engine, with its digest', () => {
  test('a bit is flipped in a layer of every stage; the next load finds all whole', async () => {
    const stages = ['builder', 'deps', 'runner'];
    for (const stage of stages) await flipBit((await workspace.ownLayer(stage)).path);
    await expectMended(...stages.map((stage) => new RegExp(`^! stage ${stage}: .*built again`)));
    const { stdout } = await workspace.engine.run({ image: `${workspace.image}:test` });
    expect(stdout).toBe('one\n');
    await workspace.removeImages();
    await expectMended();
  });

  const layer = async () => (await workspace.ownLayer('runner')).path;
  const inFolder = async (name: string) => join(workspace.folder('runner'), name);
  const manifest = async () =>
    layoutSource(workspace.folder('runner')).pathOf((await workspace.record('runner')).digest);

  test.each<[string, () => Promise<string>, (path: string) => Promise<void>]>([
    ['a layer was deleted', layer, (path) => rm(path)],
    ['a layer was cut short', layer, (path) => truncate(path, 10)],
    ['image.json was edited by hand', () => inFolder('image.json'), (path) => writeFile(path, '{')],
    [
      'index.json was edited by hand',
      () => inFolder('index.json'),
      (path) => writeFile(path, '{}'),
    ],
    ['a bit is flipped in the manifest', manifest, flipBit],
    ['the whole folder is gone', () => inFolder('..'), (path) => rm(path, { recursive: true })],
  ])('%s', async (_what, place, damage) => {
    await damage(await place());
    await expectMended(/^! stage runner: .*dist\/app\/docker\/runner.*built again/);
    expect(await readdir(await inFolder('..'))).toContain('plan.json');
  });

  test('a folder is a whole one, of another build', async () => {
    await workspace.dockerfile('echo other > /etc/installed');
    await workspace.plan();
    await workspace.stage('deps');
    await workspace.dockerfile('echo installed > /etc/installed');
    await workspace.plan();
    await expectMended(/^! stage deps: .*made from another plan.*built again/);
  });
});

test('a stage is built on a stage that was damaged meanwhile', async () => {
  await flipBit((await workspace.ownLayer('builder')).path);
  const before = (await workspace.record('deps')).digest;
  await rm(workspace.folder('deps'), { recursive: true });
  const { success, text } = await workspace.stage('deps');
  expect(text).toMatch(/! stage builder: .*built again/);
  expect(success).toBe(true);
  expect((await workspace.record('deps')).digest).toBe(before);
});

describe('a damaged base image', () => {
  async function layerOf(folder: string, platform: string): Promise<string> {
    const { manifest } = await readLayout(folder, platform);
    return layoutSource(folder).pathOf(manifest.layers[0]!.digest);
  }
  const baseLayer = () => layerOf(workspace.baseFolder, workspace.engine.platform);

  test('that stands in for another is taken from an image in the engine', async () => {
    await workspace.load();
    const kept = `${workspace.image}-kept:test`;
    await workspace.engine.tag(`${workspace.image}:test`, kept);
    await workspace.removeImages();
    // Another image than the one that is kept, or nothing would have to be sent.
    await workspace.write('app/main.sh', 'echo another');
    await workspace.plan();
    await workspace.stage('runner');
    await flipBit(await baseLayer());
    try {
      const { success, text } = await workspace.load();
      expect(text).toMatch(/! base image busybox:test: .*fetched again from the engine/);
      expect(success).toBe(true);
      expect(await workspace.loaded()).toBeDefined();
    } finally {
      await workspace.engine.removeImage(kept);
    }
  });

  test('that nobody has any more says how it is made again', async () => {
    await workspace.removeImages();
    await flipBit(await baseLayer());
    const { success, text } = await workspace.load();
    expect(success).toBe(false);
    expect(text).toMatch(/✗ the stand-in for busybox:test is damaged.*make it again/);
  });

  test('is told apart from a build that fails', async () => {
    const other = await StagedWorkspace.make();
    try {
      await other.plan();
      await flipBit(await layerOf(other.baseFolder, other.engine.platform));
      const { success, text } = await other.stage('deps');
      expect(success).toBe(false);
      expect(text).toMatch(/✗ the stand-in for busybox:test is damaged.*make it again/);
    } finally {
      await other.remove();
    }
  });
});
