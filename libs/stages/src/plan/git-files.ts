import type { PlanFile } from '@excel2doc/dockerfile';
import type { DockerProject } from '../workspace/docker-project';
import { executableInIndex } from './git-index';
import { withGitModes } from './modes';

/** Gives files of a context the modes that are asked for: git's, where nobody asks for the disk's. */
export function gitFiles({ options }: Pick<DockerProject, 'options'>, contextDir: string) {
  if (options.modes === 'disk') return { taken: (files: PlanFile[]) => files };
  const isExecutable = executableInIndex(contextDir);
  return { taken: (files: PlanFile[]) => withGitModes(files, isExecutable) };
}
