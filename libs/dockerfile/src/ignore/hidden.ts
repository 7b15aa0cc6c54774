import { readIgnoreRules } from './ignore-file';

/**
 * Tells of paths of a context whether .dockerignore leaves them out with all that may ever lie below
 * them: whoever watches a context need not look there. What is not there yet may be asked for too.
 *
 * @throws DockerfileError `BAD_IGNORE_PATTERN`
 */
export function hiddenPaths(dockerfilePath: string, contextDir: string): (path: string) => boolean {
  const rules = readIgnoreRules(dockerfilePath, contextDir);
  return (path) => {
    let parent: ReturnType<typeof rules.match>['matches'] | undefined;
    const parts = path.split('/');
    for (let length = 1; length <= parts.length; length++) {
      const prefix = parts.slice(0, length).join('/');
      const { by, matches } = rules.match(prefix, parent);
      if (by && !rules.mayNegateBelow(prefix)) return true;
      parent = matches;
    }
    return false;
  };
}
