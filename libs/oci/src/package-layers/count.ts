import type { TarEntry } from '../tar/entry';
import { jarOf, npmPackageOf } from './path-packages';
import { distributionOf } from './python-record';

/**
 * How many packages that could have layers of their own a layer holds, by the paths alone: Python
 * distributions by their RECORD, npm packages, jars. Less than `ownersOf` finds where Go's modules are
 * vendored: only the content of modules.txt tells these.
 */
export function countPackages(entries: readonly Pick<TarEntry, 'path' | 'type'>[]): number {
  const found = new Set<string>();
  for (const { path, type } of entries) {
    if (type === 'directory') continue;
    const distribution = distributionOf(path)?.metadata;
    const owner = distribution ?? npmPackageOf(path) ?? jarOf(path);
    if (owner !== undefined) found.add(owner);
  }
  return found.size;
}
