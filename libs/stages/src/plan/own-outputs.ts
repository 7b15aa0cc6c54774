import { execFileSync } from 'node:child_process';
import { posix } from 'node:path';
import type { DockerProject } from '../workspace/docker-project';
import { outputRoot } from '../workspace/paths';

/** Where Compose's override files are written, relative to the workspace. */
const COMPOSE_OUTPUT = 'dist/compose';
const NX_DATA = '.nx';

/**
 * What is written while images are made, this Dockerfile's and others', relative to the workspace. It
 * is in no context: a build would be in the next one's key.
 */
export function ownOutputs({ home, project }: DockerProject): string[] {
  const all = [outputRoot(home), COMPOSE_OUTPUT, NX_DATA, ...(project.ownOutputs ?? [])];
  return [...new Set(all.map((path) => posix.normalize(path)))].sort();
}

/** The same as paths of a context, by default the build's; what lies outside of it is none. */
export function leftOutOf(project: DockerProject, context = project.options.context): string[] {
  return ownOutputs(project)
    .map((path) => posix.relative(context, path))
    .filter((path) => path !== '' && path !== '..' && !path.startsWith('../'));
}

/**
 * Of what is left out of the context, the files that are the user's own: those that git tracks.
 *
 * @returns relative to the context; none outside of git
 */
export function hiddenFiles(project: DockerProject): string[] {
  const leftOut = leftOutOf(project);
  if (leftOut.length === 0) return [];
  try {
    const listed = execFileSync('git', ['ls-files', '-z', '--', ...leftOut], {
      cwd: project.contextDir,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return listed.split('\0').filter(Boolean);
  } catch {
    return [];
  }
}
