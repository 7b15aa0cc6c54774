/**
 * Paths of a context that are no part of it, whatever .dockerignore says: what a build itself writes
 * there would otherwise be in the next one.
 */
export class LeftOut {
  private readonly above = new Set<string>();

  /** @param paths files or folders, relative to the context */
  constructor(private readonly paths: readonly string[]) {
    for (const path of paths) {
      const parts = path.split('/');
      for (let length = 1; length < parts.length; length++)
        this.above.add(parts.slice(0, length).join('/'));
    }
  }

  has(path: string): boolean {
    return this.paths.some((each) => path === each || path.startsWith(`${each}/`));
  }

  /** Whether it is a folder on the way to one: where it holds nothing else, it is not there either. */
  isAbove(path: string): boolean {
    return this.above.has(path);
  }
}
