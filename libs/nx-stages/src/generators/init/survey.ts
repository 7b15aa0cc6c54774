import { join, posix } from 'node:path';
import {
  type ProjectConfiguration,
  type TargetConfiguration,
  type Tree,
  globAsync,
} from '@nx/devkit';
import type { StageSummary } from '@excel2doc/dockerfile';
import {
  argsInMetadata,
  contextsInMetadata,
  mergedArgs,
  type DockerOptions,
  homeOf,
  imagesInMetadata,
  type LastBuild,
  type NamedContexts,
  type ProjectImage,
  type PluginOptions,
  readBuildTime,
  readLastBuild,
  stageFolder,
} from '@excel2doc/stages';
import { createNodes, filePattern } from '../../infer/create-nodes';
import { loadsImage } from '../../infer/image-targets';
import { stagesOf } from '../../infer/stages';

/** One Dockerfile, and what was inferred for it. */
export interface SurveyedDockerfile {
  project: string;
  /** Relative to the workspace, as are the paths in `options`. */
  projectRoot: string;
  options: DockerOptions;
  /** Images that it names and other projects build, by reference. */
  projectImages: Record<string, ProjectImage>;
  namedContexts: NamedContexts;
  /** Names of the targets that build its image and lock its bases. */
  build: string;
  lock: string;
  stages: StageSummary[];
}

export interface Survey {
  dockerfiles: SurveyedDockerfile[];
  /** Project -> the service of a Compose file that runs it. */
  services: Record<string, string>;
}

/** What the plugin finds in a workspace; files that git ignores do not count. */
export async function survey(tree: Tree, pluginOptions: PluginOptions): Promise<Survey> {
  const files = await globAsync(tree, [filePattern]);
  const found: Survey = { dockerfiles: [], services: {} };
  const context = { workspaceRoot: tree.root, nxJsonConfiguration: {} };
  for (const [, { projects = {} }] of createNodes(files.sort(), pluginOptions, context)) {
    for (const [projectRoot, project] of Object.entries(projects))
      add(found, tree.root, projectRoot, project);
  }
  return found;
}

function add(
  { dockerfiles, services }: Survey,
  workspaceRoot: string,
  projectRoot: string,
  { name = projectRoot, targets = {} }: Partial<ProjectConfiguration>,
): void {
  const plan = Object.values(targets).find(
    ({ executor }) => executor === '@excel2doc/nx-stages:docker-plan',
  );
  const service = targets['compose-up']?.options.service;
  if (service) services[name] = service;
  if (!plan) return;
  const own = plan.options as DockerOptions;
  // By what it does: a stage may be called as the start of a target's name is.
  const thatDoes = (does: (target: TargetConfiguration) => boolean) =>
    Object.keys(targets).find((name) => does(targets[name]!));
  const locks = ({ executor }: TargetConfiguration) =>
    executor === '@excel2doc/nx-stages:docker-lock';
  const options = { ...own, ...mergedArgs(argsInMetadata(plan?.metadata), own.buildArgs) };
  dockerfiles.push({
    project: name,
    projectRoot,
    options,
    projectImages: imagesInMetadata(plan.metadata),
    namedContexts: contextsInMetadata(plan.metadata),
    build: thatDoes(loadsImage) ?? 'docker-build',
    lock: thatDoes(locks) ?? 'docker-lock',
    stages: readable(workspaceRoot, options),
  });
}

/** None for a Dockerfile that is broken: createNodes has said so. */
function readable(workspaceRoot: string, options: DockerOptions): StageSummary[] {
  const { targets = [] } = options;
  try {
    return stagesOf(workspaceRoot, { ...options, targets });
  } catch {
    return [];
  }
}

/** BuildKit takes the Dockerfile's own ignore file before the context's. */
export function ignoreFileOf(
  tree: Tree,
  { dockerfile, context }: DockerOptions,
): string | undefined {
  const files = [`${dockerfile}.dockerignore`, posix.join(context, '.dockerignore')];
  return files.find((file) => tree.exists(file));
}

/** What the outputs of its stages tell of their last builds. */
export async function lastBuilds(
  workspaceRoot: string,
  { projectRoot, options, stages }: SurveyedDockerfile,
): Promise<Record<string, LastBuild>> {
  const home = homeOf(projectRoot, options.variant);
  const found: Record<string, LastBuild> = {};
  for (const { name } of stages)
    found[name] = await readLastBuild(join(workspaceRoot, stageFolder(home, name)));
  return found;
}

/** How long a stage of it took when it was built last, in milliseconds. */
export function measuredMs(
  workspaceRoot: string,
  { projectRoot, options }: SurveyedDockerfile,
  stage: string,
): number | undefined {
  const folder = stageFolder(homeOf(projectRoot, options.variant), stage);
  return readBuildTime(join(workspaceRoot, folder));
}
