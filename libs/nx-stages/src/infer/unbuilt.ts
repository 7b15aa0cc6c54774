import { posix } from 'node:path';
import type { DeclaredBuild } from './declared-build';
import type { TrackedFiles } from './tracked-files';

/**
 * The declared builds that nothing here carries out, a line each: their Dockerfile is not there, or is
 * called as no Dockerfile is.
 *
 * @param dockerfiles that have targets
 */
export function unbuilt(
  builds: readonly DeclaredBuild[],
  dockerfiles: readonly string[],
  tracked: Pick<TrackedFiles, 'kind'>,
): string[] {
  const known = new Set(dockerfiles);
  const isFile = (path: string) => tracked.kind(path) === 'file';
  return builds.flatMap(({ file, name, dockerfile, isPlaceless }) => {
    if (known.has(dockerfile)) return [];
    if (isFile(dockerfile))
      return `${file}, ${name}: nothing here builds ${dockerfile}, which has no name of a Dockerfile: call it NAME.Dockerfile`;
    if (isPlaceless) return [];
    const fromRoot = posix.relative(posix.dirname(file), dockerfile);
    // Who runs Bake from above the file writes its paths so.
    const meant = isFile(fromRoot) ? `, but ${fromRoot}: paths count from the file's folder` : '';
    return `${file}, ${name}: there is no ${dockerfile} that git knows${meant}`;
  });
}
