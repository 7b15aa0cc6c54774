import { posix } from 'node:path';

/** A project's folder, and the name that it would have. */
export interface Candidate {
  /** Relative to the workspace. */
  root: string;
  name: string;
  /** Whether its project.json says so: then it stays. */
  isDeclared: boolean;
}

/**
 * A name for each project, by root: two of one name would take the graph away from everybody. Where a
 * name that only a folder or a package.json gives is another project's too, the path makes it unique:
 * `a/backend` and `b/backend` are `a-backend` and `b-backend`. The order of the files does not matter.
 *
 * @param others names of projects that have no Dockerfile, by root
 */
export function uniqueNames(
  candidates: readonly Candidate[],
  others: ReadonlyMap<string, string>,
): Map<string, string> {
  const names = new Map(candidates.map(({ root, name }) => [root, name]));
  const free = candidates.filter(({ isDeclared }) => !isDeclared).map(({ root }) => root);
  // By its path; where two paths come to one name (`a-b/c`, `a/b-c`), the path as it is.
  for (const rename of [(root: string) => root.replaceAll('/', '-'), posix.normalize]) {
    const times = new Map<string, number>();
    for (const name of new Map([...others, ...names]).values())
      times.set(name, (times.get(name) ?? 0) + 1);
    for (const root of free) {
      const isShared = times.get(names.get(root)!)! > 1;
      if (isShared && root !== '.') names.set(root, rename(root));
    }
  }
  return names;
}
