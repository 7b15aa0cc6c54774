import { existsSync } from 'node:fs';
import { join, posix } from 'node:path';
import type { StageSummary } from '@excel2doc/dockerfile';

/**
 * The build context of a Dockerfile for which no Compose or Bake file names one: the nearest folder
 * that has all that it copies, of its own, its project's and the workspace's. Where none has, it is
 * its own folder, as for `docker build`, and docker-plan names what is missing.
 */
export function findContext(
  workspaceRoot: string,
  dockerfile: string,
  projectRoot: string,
  stages: readonly StageSummary[],
): string {
  const own = posix.dirname(dockerfile);
  const paths = new Set(stages.flatMap(({ contextPaths }) => contextPaths));
  paths.delete('.');
  if (paths.size === 0) return own;
  // `COPY dist/apps/api .`: nothing there may be built yet, but the name says from where it is meant.
  const namesItself = [...paths].some((path) => `/${path}/`.includes(`/${projectRoot}/`));
  if (namesItself && projectRoot.includes('/')) return '.';
  const hasAll = (folder: string) =>
    [...paths].every((path) => existsSync(join(workspaceRoot, folder, path)));
  return [own, projectRoot, '.'].find(hasAll) ?? own;
}
