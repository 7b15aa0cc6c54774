import type { TarEntry } from '../tar/entry';

export const WHITEOUT = '.wh.';
export const OPAQUE = '.wh..wh..opq';

/**
 * The order of a layer: a folder before what is in it, siblings by name, a whiteout where the name
 * that it removes would stand, an opaque mark first. BuildKit's own layers are nearly always in it.
 *
 * @see OCI image-spec v1.1, layer.md#whiteouts
 */
export function orderKey(path: string): string {
  const slash = path.lastIndexOf('/') + 1;
  const name = path.slice(slash);
  const sorted =
    name === OPAQUE ? '' : name.startsWith(WHITEOUT) ? name.slice(WHITEOUT.length) : name;
  return (path.slice(0, slash) + sorted).replaceAll('/', '\0');
}

export function byOrder(a: TarEntry, b: TarEntry): number {
  const [left, right] = [orderKey(a.path), orderKey(b.path)];
  if (left !== right) return left < right ? -1 : 1;
  return a.path < b.path ? -1 : a.path > b.path ? 1 : 0;
}
