import { posix } from 'node:path';

/** `apps/api@worker` for what Dockerfile.worker of apps/api makes; a project's root for its main one. */
export function homeOf(projectRoot: string, variant?: string): string {
  return variant ? `${projectRoot}@${variant}` : projectRoot;
}

/** Where the tasks of one Dockerfile put their outputs, relative to the workspace. */
export function outputRoot(home: string): string {
  return posix.join('dist', home, 'docker');
}

export function planFolder(home: string): string {
  return posix.join(outputRoot(home), 'plan');
}

/** `linux/arm64/v8` -> `linux-arm64-v8`, a folder's name. */
export function platformFolder(platform: string): string {
  return platform.replaceAll('/', '-');
}

/** A stage that is called `plan` has no `plan/`: that is where the plans are. */
export function stageFolder(home: string, stage: string): string {
  return posix.join(outputRoot(home), stage === 'plan' ? 'stage-plan' : stage);
}

// Names of the other docker targets: a stage called so gets a longer target name.
const taken = new Set(['plan', 'build', 'push', 'lock', 'explain', 'audit', 'report', 'watch']);

/** The target that makes a stage: `docker-deps`, or `docker-deps-worker` of Dockerfile.worker. */
export function stageTarget(stage: string, variant?: string): string {
  return dockerTarget(taken.has(stage) ? `stage-${stage}` : stage, variant);
}

/** `docker-build`, or `docker-build-worker` of Dockerfile.worker. */
export function dockerTarget(name: string, variant?: string): string {
  return variant ? `docker-${name}-${variant}` : `docker-${name}`;
}
