import { createHash } from 'node:crypto';

/** Whether an exported path is one layer, or one a package. */
export type Layering = 'package' | 'stage';

/** All layers of one exported path: packages of their own, buckets, and one for the rest. */
export const MOST_LAYERS = 40;
/**
 * Engines mount at most 127 layers; what is left of these is for instructions that follow, and for
 * images that are built on this one.
 */
const MOST_IN_IMAGE = 100;
const BUCKETS = 23;
const MOST_OWN = MOST_LAYERS - BUCKETS - 1;
/** From here on a package is a layer of its own. */
const OWN_FROM_BYTES = 1 << 20;
/** Below it, all packages together are one layer: there is nothing to save. */
const SPLIT_FROM_BYTES = 2 << 20;

/**
 * Which packages share a layer, the lowest layer first: large ones have their own, and all others go
 * into buckets by a hash of the name. So a package that comes, goes or grows moves no other one; only
 * past the largest number of own layers does a large one push the smallest of them into its bucket.
 *
 * What is large lies low: an engine unpacks again what lies above a layer that changed.
 *
 * @param sizes of packages, by name
 * @returns empty where splitting saves nothing
 */
export function groupPackages(sizes: ReadonlyMap<string, number>): string[][] {
  const all = [...sizes].sort(([a, left], [b, right]) => right - left || (a < b ? -1 : 1));
  if (all.length < 2 || sum(all.map(([, size]) => size)) < SPLIT_FROM_BYTES) return [];
  const isOwn = (size: number, at: number) => size >= OWN_FROM_BYTES && at < MOST_OWN;
  const own = all.filter(([, size], at) => isOwn(size, at));
  const buckets = Array.from({ length: BUCKETS }, (): string[] => []);
  for (const [name] of all.slice(own.length)) buckets[bucketOf(name)]!.push(name);
  // By classes of size, so that some bytes more do not change the order.
  own.sort(([a, left], [b, right]) => sizeClass(right) - sizeClass(left) || (a < b ? -1 : 1));
  const groups = [...own.map(([name]) => [name]), ...buckets.filter((names) => names.length > 0)];
  return groups.length > 1 ? groups : [];
}

/** Whether an image that has so many layers may get `count` more for one path. */
export function hasRoomFor(count: number, layers: number): boolean {
  return count === 1 || layers + count <= MOST_IN_IMAGE;
}

function bucketOf(name: string): number {
  return createHash('sha256').update(name).digest().readUInt32BE() % BUCKETS;
}

function sizeClass(bytes: number): number {
  return Math.floor(Math.log2(bytes));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
