import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type StageSummary, readStages } from '@excel2doc/dockerfile';
import type { BuildSettings } from './declared-build';
import { remembered } from './remembered';

/**
 * The stages of a Dockerfile as its text tells them.
 *
 * @throws DockerfileError
 */
export function stagesOf(
  workspaceRoot: string,
  dockerfile: string,
  { buildArgs, targets }: Pick<BuildSettings, 'buildArgs' | 'targets'>,
): StageSummary[] {
  const source = readFileSync(join(workspaceRoot, dockerfile), 'utf8');
  return remembered(workspaceRoot, ['stages', dockerfile, source, buildArgs, targets], () =>
    readStages(source, { file: dockerfile, targets, ...(buildArgs && { buildArgs }) }),
  );
}
