import { createHash } from 'node:crypto';

/** Whether an exported path is one layer, or one a package. */
export type Layering = 'package' | 'stage';

/** To be counted up by a change that groups the same packages in another way. */
export const PACKAGE_FORMAT = 2;
/** All layers of one exported path: packages of their own, buckets, and one for the rest. */
export const MOST_LAYERS = 40;
/**
 * Engines mount at most 127 layers; what is left of these is for instructions that follow, and for
 * images that are built on this one.
 */
const MOST_IN_IMAGE = 100;
const BUCKETS = 22;
/** For what is large as well, where more are than have a layer of their own. */
const LARGE_BUCKETS = 3;
const MOST_OWN = MOST_LAYERS - BUCKETS - LARGE_BUCKETS - 1;
/** From here on a package is large. */
const LARGE_FROM_BYTES = 1 << 20;
/** Below it, all packages together are one layer: there is nothing to save. */
const SPLIT_FROM_BYTES = 2 << 20;

/**
 * Which packages share a layer, the lowest layer first: the largest have their own, and all others go
 * into buckets by a hash of the name, large ones into some and small ones into others. So a package
 * that comes or goes moves at most one gathered layer, and a small one never moves what is large.
 *
 * What is large lies low: an engine unpacks again what lies above a layer that changed.
 *
 * @param sizes of packages, by name
 * @returns empty where splitting saves nothing
 */
export function groupPackages(sizes: ReadonlyMap<string, number>): string[][] {
  const all = [...sizes].sort(([a, left], [b, right]) => right - left || (a < b ? -1 : 1));
  if (all.length < 2 || sum(all.map(([, size]) => size)) < SPLIT_FROM_BYTES) return [];
  const large = all.filter(([, size]) => size >= LARGE_FROM_BYTES);
  const own = large.slice(0, MOST_OWN);
  // By classes of size, so that some bytes more do not change the order.
  own.sort(([a, left], [b, right]) => sizeClass(right) - sizeClass(left) || (a < b ? -1 : 1));
  const groups = [
    ...own.map(([name]) => [name]),
    ...buckets(large.slice(MOST_OWN), LARGE_BUCKETS),
    ...buckets(all.slice(large.length), BUCKETS),
  ];
  return groups.length > 1 ? groups : [];
}

/** Those that have something in them. */
function buckets(packages: readonly [string, number][], count: number): string[][] {
  const all = Array.from({ length: count }, (): string[] => []);
  for (const [name] of packages) all[numberOf(name) % count]!.push(name);
  return all.filter((names) => names.length > 0);
}

/** Whether an image that has so many layers may get `count` more for one path. */
export function hasRoomFor(count: number, layers: number): boolean {
  return count === 1 || layers + count <= MOST_IN_IMAGE;
}

function numberOf(name: string): number {
  return createHash('sha256').update(name).digest().readUInt32BE();
}

function sizeClass(bytes: number): number {
  return Math.floor(Math.log2(bytes));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
