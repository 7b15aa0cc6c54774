import { existsSync } from 'node:fs';
import { posix } from 'node:path';
import { type Dockerfile, type DockerfileError, readStages } from '@excel2doc/dockerfile';
import type { DockerProject } from '../workspace/docker-project';
import { StagesError } from '../workspace/fault';

/**
 * Why a stage cannot be planned, in words that help: of what a target makes and has not made yet, the
 * target is named. Any other problem stays as it is.
 */
export function namedMissing(
  project: DockerProject,
  dockerfile: Dockerfile,
  { stage, error }: { stage: string; error: DockerfileError },
): DockerfileError | StagesError {
  const makersOf = project.project.makersOf;
  if (error.code !== 'COPY_SOURCE_MISSING' || !makersOf) return error;
  const { file } = dockerfile;
  const own = readStages(dockerfile, { file, ...project.buildArgs }).find(
    ({ name }) => name === stage,
  );
  for (const named of own?.contextPaths ?? []) {
    const path = posix.join(project.options.context, named);
    if (existsSync(project.absolute(path))) continue;
    const makers = makersOf(path);
    if (makers.length === 0) continue;
    const at = error.at ? `${error.at.file}:${error.at.line}` : file;
    return new StagesError('OUTPUT_MISSING', {
      message: `${at}: ${path} is not there, which ${makers.join(' and ')} makes`,
      hint: `Run ${makers.map((maker) => `\`nx run ${maker}\``).join(' and ')}`,
      cause: error,
    });
  }
  return error;
}
