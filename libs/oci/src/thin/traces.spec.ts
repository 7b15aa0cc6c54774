import { expect, test } from 'vitest';
import { directory, file, type Item, streamOf, tarOf } from '../testing/trees';
import { newDirectory, Tree } from '../tree/tree';
import { runtimeTraces } from './traces';

function below(...folders: string[]): Tree {
  const tree = new Tree();
  for (const folder of folders) tree.set(folder, newDirectory());
  return tree;
}

async function traces(items: Item[], tree: Tree, mountPoints: string[] = []): Promise<string[]> {
  return [...(await runtimeTraces(streamOf(tarOf(items)), tree, mountPoints))].sort();
}

test('what the runtime made to mount something on is left out, with the folders on the way', async () => {
  const items = [
    directory('etc'),
    file('etc/hosts', ''),
    file('etc/resolv.conf', ''),
    directory('mnt'),
    directory('mnt/deep'),
    file('mnt/deep/file', ''),
    directory('run'),
    directory('run/secrets'),
  ];
  expect(await traces(items, below('etc', 'run'), ['/mnt/deep/file'])).toEqual(
    items.map(({ entry }) => entry.path).sort(),
  );
});

test('what a program made stays, wherever it is, and the folders that it is in', async () => {
  const items = [
    directory('etc'),
    file('etc/hosts', 'written'),
    file('etc/empty', ''),
    directory('mnt'),
    directory('mnt/made'),
    directory('mnt/point'),
    directory('empty'),
  ];
  expect(await traces(items, below('etc'), ['/mnt/point'])).toEqual(['mnt/point']);
});

test('a folder that was there counts when its mode or owner is another one', async () => {
  const tree = below('a', 'b', 'c');
  const items = [directory('a'), directory('b', { mode: 0o700 }), directory('c', { uid: 7 })];
  expect(await traces(items, tree)).toEqual(['a']);
});

test('a folder that was emptied, or taken away, is no trace', async () => {
  const items = [directory('a'), file('a/.wh..wh..opq', ''), directory('b'), file('b/.wh.c', '')];
  expect(await traces(items, below('a', 'b'))).toEqual([]);
});
