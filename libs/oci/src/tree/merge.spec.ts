import fc from 'fast-check';
import { expect, it } from 'vitest';
import { digestOf } from '../digest';
import { directory, file, type Item, link, streamOf, tarOf, treeArbitrary } from '../testing/trees';
import { decodeIndex, encodeIndex, indexLayer, type LayerIndex } from './layer-index';
import { mergeIndexes } from './merge';
import { Tree } from './tree';

/** Folders for every entry, as engines write layers: these are merged lazily. */
function withFolders(items: Item[]): Item[] {
  const known = new Map(items.map((item) => [item.entry.path, item]));
  const all = new Map<string, Item>();
  for (const item of items) {
    const parts = item.entry.path.split('/');
    const parents = parts.slice(1).map((_, at) => parts.slice(0, at + 1).join('/'));
    if (parents.some((path) => (known.get(path)?.entry.type ?? 'directory') !== 'directory'))
      continue;
    for (const path of parents) all.set(path, known.get(path) ?? directory(path, { mode: 0o711 }));
    all.set(item.entry.path, item);
  }
  return [...all.values()].filter(
    ({ entry }) => entry.type !== 'hardlink' || all.get(entry.linkPath!)?.entry.type === 'file',
  );
}

/** Some names of a lower layer whited out, one folder made opaque. */
const layersArbitrary = fc
  .array(fc.tuple(treeArbitrary, fc.array(fc.nat(30), { maxLength: 3 }), fc.option(fc.nat(30))), {
    minLength: 1,
    maxLength: 4,
  })
  .map((layers) => {
    const paths: string[] = [];
    return layers.map(([items, gone, opaque]) => {
      const plain = items.filter(({ entry }) => !/(^|\/)\.wh\./.test(entry.path));
      const removed = gone.flatMap((at) => (paths[at] ? [file(whiteout(paths[at]), '')] : []));
      const folder = paths[opaque ?? -1];
      const cleared = folder ? [directory(folder), file(`${folder}/.wh..wh..opq`, '')] : [];
      const layer = withFolders(unique([...plain, ...removed, ...cleared]));
      paths.push(...layer.map(({ entry }) => entry.path));
      return layer;
    });
  });

function whiteout(path: string): string {
  const slash = path.lastIndexOf('/') + 1;
  return `${path.slice(0, slash)}.wh.${path.slice(slash)}`;
}

function unique(items: Item[]): Item[] {
  return [...new Map(items.map((item) => [item.entry.path, item])).values()];
}

async function indexed(items: Item[]): Promise<LayerIndex> {
  return indexLayer(digestOf(tarOf(items)), streamOf(tarOf(items)));
}

/** Every node, hard links by the first name. */
function listing(tree: Tree) {
  const first = new Map<unknown, string>();
  return [...tree.walk()].map(([path, { inode }]) => {
    if (!first.has(inode)) first.set(inode, path);
    return [path, first.get(inode), inode];
  });
}

it('merging lazily gives what applying one layer after the other gives', async () => {
  let lazily = 0;
  await fc.assert(
    fc.asyncProperty(layersArbitrary, async (layers) => {
      const eager = new Tree();
      const read: [LayerIndex, ReturnType<typeof digestOf>][] = [];
      for (const [at, items] of layers.entries()) {
        const sorted = [...items].sort(
          (a, b) => Number(a.entry.type === 'hardlink') - Number(b.entry.type === 'hardlink'),
        );
        const index = await indexed(sorted);
        eager.applyLayer(index, digestOf(String(at)));
        read.push([decodeIndex(encodeIndex(index)), digestOf(String(at))]);
      }
      if (read.every(([index]) => index.folders)) lazily++;
      expect(listing(mergeIndexes(read))).toEqual(listing(eager));
    }),
    { numRuns: 300 },
  );
  expect(lazily).toBeGreaterThan(100);
});

it.each([
  ['an opaque folder', [directory('l'), file('l/.wh..wh..opq', '')]],
  [
    'folders, the inner one opaque,',
    [directory('l'), directory('l/a'), file('l/a/.wh..wh..opq', '')],
  ],
  ['folders with a whiteout', [directory('l'), directory('l/a'), file('l/a/.wh.b', '')]],
])('what a link led to stays when a layer puts %s in the place of the link', async (_, upper) => {
  const lower = [directory('n'), directory('n/a'), file('n/a/b', ''), link('symlink', 'l', 'n')];
  const layers = [];
  const eager = new Tree();
  for (const items of [lower, upper]) {
    const index = await indexed(items);
    eager.applyLayer(index, digestOf('x'));
    layers.push([decodeIndex(encodeIndex(index)), digestOf('x')] as const);
  }
  for (const tree of [eager, mergeIndexes(layers)]) expect(tree.get('n/a/b')).toBeDefined();
});

it.each([
  ['a file in a folder that only a lower layer has', [file('bin/new', '')], 'usr/bin/new'],
  ['a hard link into a lower layer', [link('hardlink', 'again', 'usr/bin/a')], 'again'],
])('%s ends where an engine puts it', async (_what, upper, expected) => {
  const lower = [
    directory('usr'),
    directory('usr/bin'),
    file('usr/bin/a', 'a'),
    link('symlink', 'bin', 'usr/bin'),
  ];
  const layers = [];
  for (const items of [lower, upper]) {
    layers.push([decodeIndex(encodeIndex(await indexed(items))), digestOf('x')] as const);
  }
  expect(mergeIndexes(layers).get(expected)?.inode.type).toBe('file');
});

it.each(['constructor', '__proto__', 'toString', 'hasOwnProperty'])(
  'an empty folder called %s is empty',
  async (name) => {
    const index = decodeIndex(encodeIndex(await indexed([directory(name)])));
    expect(index.entries.map(({ path }) => path)).toEqual([name]);
    const merged = mergeIndexes([[index, digestOf('0')]]);
    expect(listing(merged).map(([path]) => path)).toContain(name);
  },
);
