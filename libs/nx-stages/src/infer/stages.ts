import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type StageSummary, readStages } from '@excel2doc/dockerfile';
import type { BuildSettings } from './declared-build';

const known = new Map<string, StageSummary[]>();

/**
 * The stages of a Dockerfile as its text tells them. Read once for the same text: nodes and
 * dependencies ask for the same, and Nx's daemon asks again after every change of a file.
 *
 * @throws DockerfileError
 */
export function stagesOf(
  workspaceRoot: string,
  dockerfile: string,
  { buildArgs, targets }: Pick<BuildSettings, 'buildArgs' | 'targets'>,
): StageSummary[] {
  const source = readFileSync(join(workspaceRoot, dockerfile), 'utf8');
  const key = JSON.stringify([dockerfile, source, buildArgs, targets]);
  const stages =
    known.get(key) ??
    readStages(source, { file: dockerfile, targets, ...(buildArgs && { buildArgs }) });
  known.set(key, stages);
  return stages;
}
