import { WHITEOUT } from '../layer/order';
import type { TarEntry } from '../tar/entry';
import { groupPackages } from './groups';
import { ownersOf } from './owners';

/** Which layers an entry stands in. */
export interface Partition {
  count: number;
  /** A file is in one of them, a folder in each that has something in it. */
  layersOf(path: string): readonly number[];
}

/**
 * Splits a layer's entries by package. Laid on each other, in any order, the parts are the same files
 * as the one layer: each file is in one part, and each part brings the folders above its files, with
 * the metadata that they have in the whole.
 *
 * @param lists the content of all that `isPackageList` names
 * @returns undefined where it stays one layer: there are no packages, or not enough to be worth it;
 *   or it is more than files (whiteouts, links to what lies below), so that order would matter
 */
export function partition(
  entries: readonly TarEntry[],
  lists: ReadonlyMap<string, string>,
): Partition | undefined {
  if (!isSelfContained(entries)) return undefined;
  const owners = ownersOf(entries, lists);
  const sizes = new Map<string, number>();
  for (const { path, sizeBytes } of entries) {
    const owner = owners.get(path);
    if (owner !== undefined) sizes.set(owner, (sizes.get(owner) ?? 0) + sizeBytes);
  }
  const groups = groupPackages(sizes);
  if (groups.length === 0) return undefined;

  const layerOf = new Map(groups.flatMap((names, at) => names.map((name) => [name, at] as const)));
  const rest = groups.length;
  const files = new Map<string, readonly number[]>();
  const folders = new Map<string, Set<number>>();
  const mark = (path: string, layer: number) => {
    for (let at = path; ; at = at.slice(0, Math.max(at.lastIndexOf('/'), 0))) {
      const layers = folders.get(at) ?? new Set();
      if (layers.has(layer)) return;
      folders.set(at, layers.add(layer));
      if (at === '') return;
    }
  };
  const each = Array.from({ length: rest + 1 }, (_, at) => [at] as const);
  for (const { path, type } of entries) {
    if (type === 'directory') continue;
    const layer = layerOf.get(owners.get(path) ?? '') ?? rest;
    files.set(path, each[layer]!);
    mark(path.slice(0, Math.max(path.lastIndexOf('/'), 0)), layer);
  }
  // An empty folder belongs to no package.
  for (const { path, type } of entries)
    if (type === 'directory' && !folders.has(path)) mark(path, rest);

  const sorted = new Map([...folders].map(([path, layers]) => [path, [...layers].sort(ascending)]));
  const hasRest = folders.get('')?.has(rest);
  return {
    count: hasRest ? rest + 1 : rest,
    layersOf: (path) => files.get(path) ?? sorted.get(path) ?? [],
  };
}

const ascending = (a: number, b: number) => a - b;

/** Each path once, each file in folders that are there too, nothing removed, links to own files. */
function isSelfContained(entries: readonly TarEntry[]): boolean {
  const types = new Map(entries.map(({ path, type }) => [path, type]));
  if (types.size !== entries.length) return false;
  return entries.every(({ path, type, linkPath, sparse }) => {
    const slash = path.lastIndexOf('/');
    const folder = path.slice(0, Math.max(slash, 0));
    if (folder !== '' && types.get(folder) !== 'directory') return false;
    if (path.startsWith(WHITEOUT, slash + 1) || sparse) return false;
    if (type !== 'hardlink') return true;
    const target = types.get(linkPath!);
    return target !== undefined && target !== 'directory' && target !== 'hardlink';
  });
}
