import { openImageStore } from '@excel2doc/engine';
import { expect, onTestFinished, test } from 'vitest';
import { StagedWorkspace } from '../testing/staged';
import { Bases } from '../bases/bases';
import { loadStage } from './load';
import { Outputs } from './outputs';

test('tasks that load one image at one time all find it under its name', async () => {
  const workspace = await StagedWorkspace.make();
  onTestFinished(() => workspace.remove());
  await workspace.build();
  const before = await workspace.loaded();
  await workspace.write('app/main.sh', 'echo two');
  await workspace.build();
  const id = await workspace.loaded();
  expect(id).not.toBe(before);

  const { root, engine, image } = workspace;
  const bases = await Bases.read(root, 'lock.json', 'app');
  const outputs = new Outputs(root, 'app', engine.platform, bases);
  const name = `${image}:test`;
  const store = await openImageStore();
  for (let round = 0; round < 6; round++) {
    await engine.tag(before!, name);
    const loads = Array.from({ length: 4 }, () => loadStage(store, outputs, 'runner', [name]));
    await Promise.all(loads);
    expect((await store.imageIds([name])).get(name)).toBe(id);
  }
}, 300_000);
