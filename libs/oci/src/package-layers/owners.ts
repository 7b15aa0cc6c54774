import type { TarEntry } from '../tar/entry';
import { jarOf, moduleOf, npmPackageOf, vendoredModules, vendorFolderOf } from './path-packages';
import { distributionOf, recordedPaths } from './python-record';

/** A list that is longer is not read: what it names then belongs to nothing. */
export const LONGEST_LIST_BYTES = 8 << 20;

/** Whether a file says which files belong to a package. */
export function isPackageList({ path, type, sizeBytes }: TarEntry): boolean {
  if (type !== 'file' || sizeBytes > LONGEST_LIST_BYTES) return false;
  return distributionOf(path) !== undefined || vendorFolderOf(path) !== undefined;
}

/**
 * The package that each file belongs to: a Python distribution's by its RECORD, an npm package's and a
 * jar by their path, a vendored Go module's by modules.txt. A file that two claim belongs to none, as
 * does every name of a file that has names in two packages: hard links stay in one layer.
 *
 * @param lists the content of all that `isPackageList` names
 * @returns by path; a name that is the same whatever else is installed, and whichever version it is
 */
export function ownersOf(
  entries: readonly TarEntry[],
  lists: ReadonlyMap<string, string>,
): Map<string, string> {
  const files = new Set<string>();
  for (const { path, type } of entries) if (type !== 'directory') files.add(path);
  const claims = pythonClaims(files, lists);
  const byPath = pathClaims(files, lists);
  const owners = new Map<string, string>();
  for (const path of files) {
    const claim = claims.get(path);
    if (claim === SHARED) continue;
    const owner = claim ?? byPath(path);
    if (owner !== undefined) owners.set(path, owner);
  }
  keepLinksTogether(entries, owners);
  return owners;
}

const SHARED = Symbol('claimed by two');
type Claims = Map<string, string | typeof SHARED>;

function pythonClaims(files: ReadonlySet<string>, lists: ReadonlyMap<string, string>): Claims {
  const claims: Claims = new Map();
  const metadata = new Map<string, string>();
  for (const [path, record] of lists) {
    const distribution = distributionOf(path);
    if (!distribution) continue;
    const owner = `python:${distribution.root}/${distribution.name}`;
    metadata.set(distribution.metadata, owner);
    for (const file of recordedPaths(record, distribution.root)) {
      if (!files.has(file)) continue;
      const claim = claims.get(file);
      claims.set(file, claim === undefined || claim === owner ? owner : SHARED);
    }
  }
  if (metadata.size === 0) return claims;
  for (const path of files) {
    if (claims.has(path)) continue;
    const claim = claims.get(sourceOf(path) ?? '') ?? metadata.get(folderOf(path));
    if (claim !== undefined) claims.set(path, claim);
  }
  return claims;
}

/** The source of byte-code, which RECORD does not name where it was compiled later. */
function sourceOf(path: string): string | undefined {
  const match = /^(.*\/)?__pycache__\/([^/]+?)\.[^/.]+(?:\.opt-\d+)?\.pyc$/.exec(path);
  return match ? `${match[1] ?? ''}${match[2]}.py` : undefined;
}

function folderOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf('/'), 0));
}

function pathClaims(files: ReadonlySet<string>, lists: ReadonlyMap<string, string>) {
  const vendors: { folder: string; modules: Set<string> }[] = [];
  for (const [path, text] of lists) {
    const folder = vendorFolderOf(path);
    if (folder === undefined || !files.has(path)) continue;
    vendors.push({ folder, modules: new Set(vendoredModules(text)) });
  }
  return (path: string): string | undefined => {
    for (const { folder, modules } of vendors) {
      if (!path.startsWith(`${folder}/`)) continue;
      const module = moduleOf(path.slice(folder.length + 1), modules);
      if (module !== undefined) return `go:${folder}/${module}`;
    }
    return npmPackageOf(path) ?? jarOf(path);
  };
}

/** A file whose names are in two packages belongs to neither: no layer may link into another. */
function keepLinksTogether(entries: readonly TarEntry[], owners: Map<string, string>): void {
  const sets = new Map<string, string[]>();
  for (const { type, path, linkPath } of entries) {
    if (type !== 'hardlink') continue;
    const names = sets.get(linkPath!) ?? [linkPath!];
    names.push(path);
    sets.set(linkPath!, names);
  }
  for (const names of sets.values()) {
    const [first] = names;
    if (names.every((name) => owners.get(name) === owners.get(first!))) continue;
    for (const name of names) owners.delete(name);
  }
}
