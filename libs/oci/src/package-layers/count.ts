import type { TarEntry } from '../tar/entry';
import { jarOf, npmPackageOf } from './path-packages';
import { distributionOf } from './python-record';

/** Packages that could have layers of their own. */
export interface PackagesOfLayer {
  count: number;
  /** Of all files in the folders that they lie in, uncompressed. */
  sizeBytes: number;
}

/**
 * What a layer holds of packages, by the paths alone: Python distributions by their RECORD, npm
 * packages, jars. Less than `ownersOf` finds where Go's modules are vendored, and in a Python
 * distribution's folder maybe more: only the content of the lists tells these.
 */
export function packagesOf(
  entries: readonly Pick<TarEntry, 'path' | 'type' | 'sizeBytes'>[],
): PackagesOfLayer {
  const files = entries.filter(({ type }) => type !== 'directory');
  const found = new Set<string>();
  /** What Python distributions are installed into. */
  const sites = new Set<string>();
  for (const { path } of files) {
    const distribution = distributionOf(path);
    if (distribution) sites.add(distribution.root);
    const owner = distribution?.metadata ?? ownerByPath(path);
    if (owner !== undefined) found.add(owner);
  }
  const isInside = (path: string) =>
    ownerByPath(path) !== undefined || [...sites].some((site) => path.startsWith(`${site}/`));
  const inside = files.filter(({ path }) => isInside(path));
  return { count: found.size, sizeBytes: inside.reduce((sum, each) => sum + each.sizeBytes, 0) };
}

const ownerByPath = (path: string) => npmPackageOf(path) ?? jarOf(path);
