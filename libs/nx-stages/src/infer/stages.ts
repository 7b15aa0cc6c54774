import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type BaseInput, type StageSummary, readStages } from '@excel2doc/dockerfile';
import type { LockFile } from '@excel2doc/engine';
import type { BuildSettings } from './declared-build';
import { remembered } from './remembered';

/** What the graph is told of one Dockerfile. */
export interface StagesSource extends Pick<BuildSettings, 'buildArgs' | 'targets'> {
  /** Relative to the workspace. */
  dockerfile: string;
  lockFile: string;
  /** Of images that it stands on and projects build, what triggers they have. */
  below?: Bases;
}

/**
 * The stages of a Dockerfile as its text tells them, and what the lock says of its bases' triggers.
 *
 * @throws DockerfileError
 */
export function stagesOf(
  workspaceRoot: string,
  { dockerfile, lockFile, buildArgs, targets, below }: StagesSource,
): StageSummary[] {
  const path = join(workspaceRoot, dockerfile);
  latest.delete(path);
  const source = readFileSync(path, 'utf8');
  const bases = { ...lockedTriggers(workspaceRoot, lockFile), ...below };
  const stages = remembered(
    workspaceRoot,
    ['stages', dockerfile, source, buildArgs, targets, bases],
    () => readStages(source, { file: dockerfile, targets, bases, ...(buildArgs && { buildArgs }) }),
  );
  latest.set(path, { asked: askedText(buildArgs, targets), stages });
  return stages;
}

const latest = new Map<string, { asked: string; stages: StageSummary[] }>();
const askedText = (...asked: unknown[]) => JSON.stringify(asked);

/**
 * What `stagesOf` gave last, without reading the file again: Nx asks for dependencies right after the
 * nodes. Of one that could not be read then, nothing is remembered.
 *
 * @throws DockerfileError
 */
export function latestStagesOf(workspaceRoot: string, source: StagesSource): StageSummary[] {
  const known = latest.get(join(workspaceRoot, source.dockerfile));
  const isSame = known?.asked === askedText(source.buildArgs, source.targets);
  return isSame ? known.stages : stagesOf(workspaceRoot, source);
}

type Bases = Record<string, BaseInput>;

// Each of hundreds of Dockerfiles asks for the same lock.
const read = new Map<string, { stamp: string; bases: Bases }>();

/** Bases that copy what no Dockerfile says: ONBUILD COPY. There are hardly any. */
function lockedTriggers(workspaceRoot: string, lockFile: string): Bases {
  const path = join(workspaceRoot, lockFile);
  const stat = statSync(path, { throwIfNoEntry: false });
  const stamp = `${stat?.size} ${stat?.mtimeMs} ${stat?.ctimeMs}`;
  const known = read.get(path);
  if (known?.stamp === stamp) return known.bases;
  const bases = readTriggers(path);
  read.set(path, { stamp, bases });
  return bases;
}

function readTriggers(path: string): Bases {
  try {
    const { images } = JSON.parse(readFileSync(path, 'utf8')) as LockFile;
    return Object.fromEntries(
      Object.entries(images).flatMap(([reference, { digest, onbuild = [] }]) =>
        onbuild.length > 0 ? [[reference, { digest, onbuild }]] : [],
      ),
    );
  } catch {
    // Whoever builds with a lock that is missing or broken is told so.
    return {};
  }
}
