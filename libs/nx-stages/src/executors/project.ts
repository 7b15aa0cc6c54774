import { join, relative, resolve } from 'node:path';
import type { ExecutorContext, NxJsonConfiguration, TargetConfiguration, Task } from '@nx/devkit';
import {
  argsInMetadata,
  contextsInMetadata,
  DockerProject,
  type DockerOptions,
  dockerTarget,
  homeOf,
  imagesInMetadata,
  outputRoot,
  type PluginOptions,
  resolveOptions,
  type SaidOptions,
  type SecretOptions,
  stageTarget,
  type WorkspaceImage,
  type WorkspaceProject,
} from '@excel2doc/stages';
import type { EngineChoice } from '@excel2doc/engine';
import { loadsImage } from '../infer/image-targets';
import { GraphOutputs, makerName } from '../infer/makers';
import { TrackedFiles } from '../infer/tracked-files';

const PLUGIN = '@excel2doc/nx-stages';

/** What executors and hashers are both told. */
export type RunContext = Pick<
  ExecutorContext,
  'root' | 'projectName' | 'projectsConfigurations' | 'nxJsonConfiguration' | 'taskGraph'
> & {
  /** The variables that the task runs with; default: this process's. */
  env?: NodeJS.ProcessEnv;
};

/** What an executor is told, and a task of a batch. */
export type TaskContext = RunContext & { targetName?: string; task?: Task };

/** The project that an executor runs for, as the libraries know it. */
export function projectOf(context: RunContext): WorkspaceProject {
  const name = context.projectName ?? '';
  const project = context.projectsConfigurations?.projects[name];
  return {
    root: context.root,
    name,
    folder: project?.root ?? '.',
    engineChoice: engineChoice(context),
    images: workspaceImages(context),
    declaredArgs: (variant) =>
      argsInMetadata(project?.targets?.[dockerTarget('plan', variant)]?.metadata),
    projectImages: (variant) =>
      imagesInMetadata(project?.targets?.[dockerTarget('plan', variant)]?.metadata),
    saidSecrets: saidSecrets(context),
    ...(context.env && { env: context.env }),
    namedContexts: (variant) =>
      contextsInMetadata(project?.targets?.[dockerTarget('plan', variant)]?.metadata),
    madeOf: (variant) => madeOf(project?.targets?.[dockerTarget('plan', variant)]),
    ownOutputs: ownOutputs(context),
    makersOf: makersOf(context),
    cacheEntry: (target) => cacheEntry(context, target),
  };
}

/** The files that the plan is an answer to, and whether it waits for another target. */
function madeOf({ inputs = [], dependsOn = [] }: TargetConfiguration = {}) {
  const files = inputs.flatMap((each) => {
    const path =
      typeof each === 'string' ? /^\{workspaceRoot\}\/([^*]+)$/.exec(each)?.[1] : undefined;
    return path === undefined ? [] : [path];
  });
  return { files, others: dependsOn.length > 0 };
}

/** The Dockerfile that an executor's options name. */
export function dockerProject(
  options: Pick<DockerOptions, 'context' | 'lockFile'> & Partial<DockerOptions>,
  context: RunContext,
): DockerProject {
  return new DockerProject(projectOf(context), options);
}

/** What nx.json sets for the plugin, entry by entry. */
function pluginOptions(nxJson: NxJsonConfiguration | undefined): PluginOptions[] {
  return (nxJson?.plugins ?? []).flatMap((entry) =>
    typeof entry === 'string' || entry.plugin !== PLUGIN ? [] : ((entry.options ?? {}) as object),
  );
}

/** The engine that nx.json asks for. */
function engineChoice({ nxJsonConfiguration }: RunContext): EngineChoice | undefined {
  return pluginOptions(nxJsonConfiguration)
    .map((options) => resolveOptions(options).engine)
    .find((engine) => engine !== undefined);
}

/** What the workspace adds to hints, by code or id; none where nx.json cannot be read. */
export async function workspaceHints(): Promise<Record<string, string>> {
  try {
    // Loaded here: only a failure or a finding needs it.
    const { readJsonFile, workspaceRoot } = await import('@nx/devkit');
    const nxJson = readJsonFile<NxJsonConfiguration>(join(workspaceRoot, 'nx.json'));
    return Object.assign({}, ...pluginOptions(nxJson).map(({ hints }) => hints));
  } catch {
    return {};
  }
}

/** What nx.json, a Compose or Bake file, and a stage's own target say of secrets. */
function saidSecrets({ nxJsonConfiguration, projectsConfigurations, projectName }: RunContext) {
  const targets = projectsConfigurations?.projects[projectName ?? '']?.targets ?? {};
  return (variant: string | undefined, stage: string) => {
    const { declaredSecrets = [] } = (targets[dockerTarget('plan', variant)]?.metadata ?? {}) as {
      declaredSecrets?: SaidOptions[];
    };
    const said = (target: string): SaidOptions => ({
      options: (targets[target]?.options ?? {}) as SecretOptions,
      by: `the target ${target}`,
    });
    return {
      below: [
        ...pluginOptions(nxJsonConfiguration).map((options) => ({ options, by: 'nx.json' })),
        ...declaredSecrets,
        // Also whoever loads or pushes may have to build again.
        said(dockerTarget('plan', variant)),
      ],
      above: [said(stageTarget(stage, variant))],
    };
  };
}

function workspaceImages({ projectsConfigurations }: RunContext): WorkspaceImage[] {
  return Object.values(projectsConfigurations?.projects ?? {}).flatMap(
    ({ root: folder, targets = {} }) =>
      Object.values(targets)
        .filter(loadsImage)
        .map(({ options, metadata }) => ({
          dockerfile: options.dockerfile,
          image: options.image,
          tag: options.tag,
          skipDefaultTag: options.skipDefaultTag,
          home: homeOf(folder, options.variant),
          services: (metadata as { services?: string[] } | undefined)?.services ?? [],
        })),
  );
}

/** Every Dockerfile's outputs, and what Nx keeps within the workspace. */
function ownOutputs({ root, projectsConfigurations, nxJsonConfiguration }: RunContext) {
  const homes = Object.values(projectsConfigurations?.projects ?? {}).flatMap(
    ({ root: folder, targets = {} }) =>
      Object.values(targets)
        .filter(({ executor }) => executor === `${PLUGIN}:docker-plan`)
        .map(({ options }) => homeOf(folder, (options as DockerOptions).variant)),
  );
  const { NX_CACHE_DIRECTORY: cache, NX_WORKSPACE_DATA_DIRECTORY: data } = process.env;
  const kept = [nxJsonConfiguration?.cacheDirectory, cache, data].flatMap((folder) => {
    const path = folder ? relative(root, resolve(root, folder)) : '';
    return path === '' || path.startsWith('..') ? [] : path;
  });
  return [...homes.map(outputRoot), ...kept];
}

/** Asked only where something is missing: then the whole graph is looked through. */
function makersOf({ root, projectsConfigurations }: RunContext) {
  return (path: string): string[] => {
    const projects = projectsConfigurations?.projects ?? {};
    return new GraphOutputs(projects, new TrackedFiles(root)).makersAt(path).map(makerName);
  };
}

async function cacheEntry(context: RunContext, target: string): Promise<string | undefined> {
  const task = Object.values(context.taskGraph?.tasks ?? {}).find(
    (each) => each.target.project === context.projectName && each.target.target === target,
  );
  if (!task?.hash) return undefined;
  // Loaded here: it takes half a second, and hardly a run needs it.
  const { cacheDir } = await import('@nx/devkit');
  return join(cacheDir, task.hash);
}
