import { posix } from 'node:path';
import type { StageSummary } from '@excel2doc/dockerfile';
import type { TrackedFiles } from './tracked-files';
import type { WorkspaceOutputs } from './workspace-outputs';

/** What of a workspace says where a Dockerfile's paths are meant from. */
export interface Surroundings {
  tracked: Pick<TrackedFiles, 'kind'>;
  outputs: Pick<WorkspaceOutputs, 'isMade'>;
}

/**
 * The build context of a Dockerfile for which no Compose or Bake file names one: the nearest folder
 * that has all that it copies, of its own, its project's and the workspace's. A folder has what git
 * knows there, and what a target declares to make there, built or not; what nobody knows anywhere says
 * nothing. Where none has all, it is its own folder, as for `docker build`, and docker-plan names what
 * is missing.
 */
export function findContext(
  { tracked, outputs }: Surroundings,
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
  const has = (folder: string, path: string) => {
    const at = posix.join(folder, path);
    return tracked.kind(at) !== undefined || outputs.isMade(at);
  };
  const folders = [own, projectRoot, '.'];
  const known = [...paths].filter((path) => folders.some((folder) => has(folder, path)));
  return folders.find((folder) => known.every((path) => has(folder, path))) ?? own;
}
