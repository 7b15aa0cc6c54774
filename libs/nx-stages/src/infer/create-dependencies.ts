import { posix } from 'node:path';
import type {
  CreateDependenciesContext,
  DependencyType,
  RawProjectGraphDependency,
} from '@nx/devkit';
import { argsInMetadata, mergedArgs, type DockerOptions } from '@excel2doc/stages';
import { latestStagesOf } from './stages';

/** `DependencyType.static`, without loading @nx/devkit. */
const STATIC = 'static' as DependencyType.static;

/**
 * A project whose image holds files of other projects depends on these: a change in a library then
 * affects the images that copy it.
 *
 * A Dockerfile that copies the whole workspace names nobody: its stages have all files as inputs
 * instead, and a dependency on every project would say nothing.
 */
export function createDependencies(
  _options: unknown,
  { projects, workspaceRoot }: CreateDependenciesContext,
): RawProjectGraphDependency[] {
  const owners = Object.entries(projects)
    .filter(([, { root }]) => root !== '.')
    .sort(([, a], [, b]) => b.root.length - a.root.length);
  return Object.entries(projects).flatMap(([source, { targets = {} }]) =>
    Object.values(targets)
      .filter(({ executor }) => executor === '@excel2doc/nx-stages:docker-plan')
      .flatMap((plan) => {
        const options = plan.options as DockerOptions;
        const { dockerfile, context } = options;
        const found = copiedPaths(workspaceRoot, {
          ...options,
          ...mergedArgs(argsInMetadata(plan.metadata), options.buildArgs),
        })
          .map((path) => posix.join(context, path))
          .flatMap((path) => owners.find(([, { root }]) => isWithin(path, root))?.[0] ?? [])
          .filter((target) => target !== source);
        return [...new Set(found)].map((target) => ({
          ...{ source, target, sourceFile: dockerfile },
          type: STATIC,
        }));
      }),
  );
}

const isWithin = (path: string, root: string) => path === root || path.startsWith(`${root}/`);

function copiedPaths(workspaceRoot: string, options: DockerOptions): string[] {
  const { targets = [] } = options;
  try {
    const stages = latestStagesOf(workspaceRoot, { ...options, targets });
    return stages.flatMap(({ contextPaths }) => contextPaths);
  } catch {
    // createNodes has said what is wrong with it.
    return [];
  }
}
