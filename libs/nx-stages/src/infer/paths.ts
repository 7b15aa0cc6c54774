import { posix } from 'node:path';

/** Where the tasks of one Dockerfile put their outputs, relative to the workspace. */
export function outputRoot(projectRoot: string): string {
  return posix.join('dist', projectRoot, 'docker');
}

export function planFolder(projectRoot: string): string {
  return posix.join(outputRoot(projectRoot), 'plan');
}

/** `linux/arm64/v8` -> `linux-arm64-v8`, a folder's name. */
export function platformFolder(platform: string): string {
  return platform.replaceAll('/', '-');
}

/** A stage that is called `plan` has no `plan/`: that is where the plans are. */
export function stageFolder(projectRoot: string, stage: string): string {
  return posix.join(outputRoot(projectRoot), stage === 'plan' ? 'stage-plan' : stage);
}

// Names of the other docker targets: a stage called so gets a longer target name.
const taken = new Set(['plan', 'build', 'push', 'lock', 'explain', 'audit', 'report']);

/** The target that makes a stage: `docker-deps`. */
export function stageTarget(stage: string): string {
  return taken.has(stage) ? `docker-stage-${stage}` : `docker-${stage}`;
}
