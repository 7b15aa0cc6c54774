import { posix } from 'node:path';
import type { TargetConfiguration } from '@nx/devkit';
import type { StageSummary } from '@excel2doc/dockerfile';
import type { ResolvedOptions } from '../options';
import { planFolder, stageFolder, stageTarget } from './paths';

export interface DockerfileLocation {
  /** Relative to the workspace. */
  projectRoot: string;
  dockerfile: string;
  context: string;
  /** Name of the image that the last stage becomes, without a tag. */
  image: string;
}

const executor = (name: string) => `@excel2doc/nx-stages:${name}`;

/** The tag-less name of a project's image. */
export function imageName(options: ResolvedOptions, projectName: string): string {
  return options.imageName.replaceAll('{projectName}', projectName);
}

/**
 * Where the plan's content comes from, for `nx affected`: a project counts as changed when one of
 * its targets' inputs does. It stands at `docker-plan`, which is not cached, so that no key hangs on
 * it. What lies in the project itself is named too: a project nested in this one would hide it.
 */
function planInputs(
  stages: StageSummary[],
  { context }: DockerfileLocation,
  lockFile: string,
): string[] {
  const read = new Set(stages.flatMap(({ contextPaths }) => contextPaths));
  const paths = [...read].map((path) => posix.join(context, path)).sort();
  const files = [posix.join(context, '.dockerignore'), lockFile, ...paths];
  return files.flatMap((path) =>
    path === '.'
      ? ['{workspaceRoot}/**/*']
      : [`{workspaceRoot}/${path}`, `{workspaceRoot}/${path}/**/*`],
  );
}

/**
 * The targets of one Dockerfile: `docker-plan`, one a stage, and `docker-build` for the last stage.
 *
 * A stage's key is its plan file and the image.json of the stages it builds on, no more: the plan
 * holds the digest of every file that the stage reads, and a digest may not stand in a target's
 * options, where it would change the hash of every target of the project.
 */
export function dockerTargets(
  location: DockerfileLocation,
  stages: StageSummary[],
  options: ResolvedOptions,
): Record<string, TargetConfiguration> {
  const { projectRoot, dockerfile, context } = location;
  const source = {
    dockerfile,
    context,
    lockFile: options.lockFile,
    ...(options.platforms && { platforms: options.platforms }),
  };
  const targets: Record<string, TargetConfiguration> = {
    'docker-plan': {
      executor: executor('plan'),
      cache: false,
      inputs: planInputs(stages, location, options.lockFile),
      outputs: [`{workspaceRoot}/${planFolder(projectRoot)}`],
      options: source,
      metadata: { description: `What each stage of ${dockerfile} reads, as files` },
    },
  };
  targets['docker-explain'] = {
    executor: executor('docker-explain'),
    cache: false,
    options: source,
    metadata: { description: 'Why each stage would be built again (--json, -- --graph)' },
  };
  for (const stage of stages) {
    targets[stageTarget(stage.name)] = {
      executor: executor('stage'),
      cache: true,
      dependsOn: ['docker-plan', ...stage.dependsOn.map(stageTarget)],
      inputs: [
        { dependentTasksOutputFiles: `**/docker/plan/${stage.name}.json` },
        ...stage.dependsOn.map((name) => ({
          dependentTasksOutputFiles: `**/docker/${posix.basename(stageFolder(projectRoot, name))}/**/image.json`,
        })),
        { externalDependencies: [] },
      ],
      outputs: [`{workspaceRoot}/${stageFolder(projectRoot, stage.name)}`],
      options: { stage: stage.name, ...source },
      metadata: { description: `Stage ${stage.name} of ${dockerfile}, as a thin OCI layout` },
    };
  }
  const last = stages.at(-1)?.name;
  targets['docker-build'] = {
    executor: executor('load'),
    cache: false,
    // Without stages the Dockerfile is broken, which docker-plan says.
    dependsOn: [last === undefined ? 'docker-plan' : stageTarget(last)],
    options: { stage: last ?? '', image: location.image, ...source },
    metadata: { description: `The image of ${dockerfile} in the engine, as ${location.image}` },
  };
  targets['docker-push'] = {
    executor: executor('docker-push'),
    cache: false,
    dependsOn: targets['docker-build'].dependsOn ?? [],
    options: {
      stage: last ?? '',
      image: location.image,
      ...(options.registry && { repository: posix.join(options.registry, location.image) }),
      ...source,
    },
    metadata: { description: 'Push the image to a registry, no engine needed (--repository=NAME)' },
  };
  targets['docker-lock'] = {
    executor: executor('docker-lock'),
    cache: false,
    options: source,
    metadata: {
      description: `Lock the base images of ${dockerfile} to digests (--check, --update)`,
    },
  };
  return targets;
}
