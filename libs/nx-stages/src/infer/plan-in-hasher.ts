import { posix } from 'node:path';
import type { NxJsonConfiguration, TargetConfiguration } from '@nx/devkit';
import { makesStage } from './image-targets';
import type { ProjectFiles } from './project-files';

/** As `dependsOn` takes them. */
type Dependencies = NonNullable<TargetConfiguration['dependsOn']>;

/** Read by a stage whose base is another project's image. */
const IMAGE_BELOW = { dependentTasksOutputFiles: '**/docker/**/image.json' };

/**
 * The targets with no `docker-plan` among what a stage depends on: its hasher plans, in Nx's own
 * process. What the plan waits for, the stage waits for then, and is an input of it: images may be among
 * it, and what has no such input Nx does not ask again for its key when a batch has made them.
 *
 * @param declared what the workspace says that the plan waits for; undefined where it says nothing
 */
export function planInHasher(
  targets: Record<string, TargetConfiguration>,
  plan: string,
  declared: Dependencies | undefined,
): Record<string, TargetConfiguration> {
  const inferred = targets[plan]?.dependsOn ?? [];
  // As Nx merges them.
  const awaited = declared?.flatMap((each) => (each === '...' ? inferred : each)) ?? inferred;
  return Object.fromEntries(
    Object.entries(targets).map(([name, target]) => {
      const { dependsOn = [], inputs = [] } = target;
      if (!makesStage(target)) return [name, target];
      const waits = dependsOn.flatMap((each) => (each === plan ? awaited : each));
      const image = awaited.length > 0 ? [IMAGE_BELOW] : [];
      return [name, { ...target, dependsOn: waits, inputs: [...image, ...inputs] }];
    }),
  );
}

/** `dependsOn` of a target, where the project or nx.json has one for it. */
export function declaredDependsOn(
  files: ProjectFiles,
  root: string,
  target: string,
  { targetDefaults = {} }: NxJsonConfiguration,
): Dependencies | undefined {
  const read = (file: string) => files.readableAt(posix.join(root, file));
  // A default may be a list of such, each for some of the projects: the first that names it counts.
  const defaults = [
    targetDefaults[target as keyof typeof targetDefaults],
    targetDefaults['@excel2doc/nx-stages:docker-plan' as keyof typeof targetDefaults],
  ] as (TargetConfiguration | undefined)[];
  return (
    read('project.json')?.targets?.[target]?.dependsOn ??
    read('package.json')?.nx?.targets?.[target]?.dependsOn ??
    defaults.find((each) => each?.dependsOn)?.dependsOn
  );
}
