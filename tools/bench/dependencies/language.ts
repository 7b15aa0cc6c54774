/** Path -> text. */
export type Files = Record<string, string>;

/** A package manager, and a small project that it installs packages for. */
export interface Language {
  name: string;
  /** Base images of its Dockerfile, by the names that they have there. */
  bases: readonly string[];
  /** Cache mounts of it that are kept only where the workspace names them. */
  others: readonly string[];
  /**
   * Fetches all packages, by the package manager itself, into the folder that the mirror serves.
   *
   * @param url of the mirror, as the build reaches it
   * @param states how often a package is added
   * @returns the files of the project before, and after each package more: `states + 1`
   */
  prepare(folder: string, url: string, states: number): Promise<Files[]>;
  /** @param url of the mirror, as the build reaches it */
  dockerfile(url: string): string;
}

/** The flag of a cache mount. */
export const cache = (target: string): string => `--mount=type=cache,target=${target}`;

/** As many packages can be added to each project. */
export const MOST_ROUNDS = 7;

/** The packages of each state: the first ones, then one more each time. */
export function statesOf(
  first: readonly string[],
  added: readonly string[],
  states: number,
): string[][] {
  if (states > added.length) throw new RangeError(`${added.length} packages for ${states} states`);
  return Array.from({ length: states + 1 }, (_, count) => [...first, ...added.slice(0, count)]);
}
