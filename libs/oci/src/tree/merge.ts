import type { BlobSource } from '../blob/source';
import type { Digest } from '../digest';
import type { LayerRecord } from '../layout/record';
import type { IndexCache } from './index-cache';
import { LazyFolder, LazyLayer } from './lazy-folder';
import type { LayerIndex } from './layer-index';
import { newDirectory, Tree } from './tree';

/** All files of an image by its layers' indexes; layers are read only where no index is at hand. */
export async function mergeLayers(
  layers: readonly LayerRecord[],
  source: BlobSource,
  indexes: IndexCache,
): Promise<Tree> {
  const read: [LayerIndex, Digest][] = [];
  for (const layer of layers) read.push([await indexes.read(layer, source), layer.digest]);
  return mergeIndexes(read);
}

/** The lowest first. Where order tells nothing, folders are merged only when they are looked into. */
export function mergeIndexes(layers: readonly (readonly [LayerIndex, Digest])[]): Tree {
  const lazy: LazyLayer[] = [];
  for (const [index, digest] of layers) {
    const { folders } = index;
    if (folders) lazy.push(new LazyLayer(index, folders, digest));
  }
  if (lazy.length < layers.length) {
    const tree = new Tree();
    for (const [index, digest] of layers) tree.applyLayer(index, digest);
    return tree;
  }
  const root = lazy.map((layer) => layer.root).findLast((inode) => inode !== undefined);
  const parts = lazy.map((layer) => ({ layer, path: '' }));
  return new Tree(new LazyFolder(root ?? newDirectory().inode, parts));
}
