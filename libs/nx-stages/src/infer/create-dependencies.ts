import { posix } from 'node:path';
import type {
  CreateDependenciesContext,
  DependencyType,
  RawProjectGraphDependency,
} from '@nx/devkit';
import type { StageSummary } from '@excel2doc/dockerfile';
import {
  argsInMetadata,
  contextFolders,
  contextsInMetadata,
  imagesInMetadata,
  mergedArgs,
  type DockerOptions,
} from '@excel2doc/stages';
import { latestStagesOf } from './stages';
import { copiedOutputs, madeAt } from './copied-outputs';
import { GraphOutputs } from './makers';
import { andAbove } from './output-index';
import { TrackedFiles } from './tracked-files';

/**
 * `DependencyType.implicit`, without loading @nx/devkit. Of an edge that a file has, Nx keeps what it knew
 * until that file changes; these hang on other files as well: what a project calls its image, and what
 * its targets make.
 */
const IMPLICIT = 'implicit' as DependencyType.implicit;

/**
 * A project whose image holds files of other projects, or what their targets make, depends on these: a
 * change in a library then affects the images that copy it. All targets are known here, those that
 * other plugins infer among them.
 *
 * A Dockerfile that copies the whole workspace names nobody: its stages have all files as inputs
 * instead, and a dependency on every project would say nothing.
 */
export function createDependencies(
  _options: unknown,
  { projects, workspaceRoot }: CreateDependenciesContext,
): RawProjectGraphDependency[] {
  const outputs = new GraphOutputs(projects, new TrackedFiles(workspaceRoot));
  const owners = new Map(
    Object.entries(projects).flatMap(([name, { root }]) => (root === '.' ? [] : [[root, name]])),
  );
  return Object.entries(projects).flatMap(([source, { targets = {} }]) =>
    Object.values(targets)
      .filter(({ executor }) => executor === '@excel2doc/nx-stages:docker-plan')
      .flatMap((plan) => {
        const options = plan.options as DockerOptions;
        const { context } = options;
        const stages = stagesIn(workspaceRoot, {
          ...options,
          ...mergedArgs(argsInMetadata(plan.metadata), options.buildArgs),
        });
        const copied = stages.flatMap(({ contextPaths }) => contextPaths);
        const folders = contextFolders(contextsInMetadata(plan.metadata));
        const paths = [...copied.map((path) => posix.join(context, path)), ...folders];
        const owned = paths.flatMap((path) => {
          const root = andAbove(path).find((folder) => owners.has(folder));
          return root === undefined ? [] : owners.get(root)!;
        });
        const made = [
          ...copiedOutputs(stages, context, outputs),
          ...madeAt(folders, outputs),
        ].flatMap(({ makers }) => makers.map(({ project }) => project));
        const images = Object.values(imagesInMetadata(plan.metadata));
        const below = images.map(({ project }) => project).filter((name) => name in projects);
        const found = [...owned, ...made, ...below].filter((target) => target !== source);
        return [...new Set(found)].map((target) => ({ source, target, type: IMPLICIT }));
      }),
  );
}

function stagesIn(workspaceRoot: string, options: DockerOptions): StageSummary[] {
  const { targets = [] } = options;
  try {
    return latestStagesOf(workspaceRoot, { ...options, targets });
  } catch {
    // createNodes has said what is wrong with it.
    return [];
  }
}
