import type { PlanFile } from '@excel2doc/dockerfile';
import type { DockerProject } from '../workspace/docker-project';
import { executableInIndex } from './git-index';
import { withGitModes } from './modes';

/**
 * Gives files of a context the modes that are asked for: git's, where nobody asks for the disk's. Names
 * of one file are as many files, for a builder is sent them one by one: no other checkout has the link.
 */
export function gitFiles({ options }: Pick<DockerProject, 'options'>, contextDir: string) {
  if (options.modes === 'disk') return { taken: (files: PlanFile[]) => files.map(unlinked) };
  const isExecutable = executableInIndex(contextDir);
  return { taken: (files: PlanFile[]) => withGitModes(files.map(unlinked), isExecutable) };
}

function unlinked(file: PlanFile): PlanFile {
  if (file.type === 'directory' || file.sameAs === undefined) return file;
  const { sameAs: _, ...alone } = file;
  return alone;
}
