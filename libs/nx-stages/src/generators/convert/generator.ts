import { posix } from 'node:path';
import {
  type NxJsonConfiguration,
  type ProjectConfiguration,
  type TargetConfiguration,
  type Tree,
  getProjects,
  logger,
  readNxJson,
  updateNxJson,
  updateProjectConfiguration,
} from '@nx/devkit';
import { readStages } from '@excel2doc/dockerfile';
import { imageName } from '../../infer/docker-targets';
import type { ResolvedOptions } from '@excel2doc/stages';
import { GeneratorError } from '../generator-error';
import { conversionReport } from './conversion-report';
import { type BuildSettings, type Note, Notes } from './note';
import { CONTAINER_EXECUTOR, containerSettings } from './nx-container';
import { type DockerTargetOptions, dockerSettings, noteConfiguration } from './nx-docker';
import { type DockerPlugin, convertPlugins } from './plugins';
import { convertedTargets } from './targets';

export interface ConvertOptions {
  project?: string;
  report?: string;
}

/** Turns targets and plugins of `@nx/docker` and `@nx-tools/nx-container` into this plugin's. */
export default function convertGenerator(tree: Tree, options: ConvertOptions): void {
  const { project: only, report = 'docker-conversion.md' } = options;
  const projects = [...getProjects(tree)].filter(([name]) => only === undefined || name === only);
  if (only !== undefined && projects.length === 0) {
    throw new GeneratorError(`There is no project "${only}"`, 'See `nx show projects`');
  }
  const nxJson = readNxJson(tree) ?? {};
  const shared = new Notes('nx.json');
  const { plugins, docker, resolved } = convertPlugins(nxJson, shared);
  const found = projects.flatMap(([name, project]) => {
    const notes = new Notes(name);
    const changed = convertProject({ tree, nxJson, docker, resolved }, { name, project }, notes);
    if (changed) updateProjectConfiguration(tree, name, changed);
    return notes.all;
  });
  const all: Note[] = [...shared.all, ...found];
  if (all.length === 0) {
    throw new GeneratorError(
      'Nothing to convert: no target or plugin of @nx/docker or @nx-tools/nx-container',
      'Check that you are in the right workspace',
    );
  }
  // Some projects only: the others still need the old plugin.
  if (only === undefined) updateNxJson(tree, { ...nxJson, plugins });
  const text = conversionReport(all);
  tree.write(report, text);
  logger.info(text);
}

interface Surroundings {
  tree: Tree;
  nxJson: NxJsonConfiguration;
  /** The plugin `@nx/docker`, where nx.json has it. */
  docker: DockerPlugin | undefined;
  resolved: ResolvedOptions;
}

/** @returns the project's new configuration; undefined when nothing in it is the other tools'. */
function convertProject(
  { tree, nxJson, docker, resolved }: Surroundings,
  { name, project }: { name: string; project: ProjectConfiguration },
  notes: Notes,
): ProjectConfiguration | undefined {
  const { root, targets = {} } = project;
  const old = oldTarget(targets, docker, tree.exists(posix.join(root, 'Dockerfile')));
  if (!old) return undefined;
  const [oldName, target] = old;
  const defaults = target.executor
    ? defaultsOf(nxJson, target.executor)
    : { dependsOn: ['build', '^build'] };
  const settings = target.executor
    ? containerOf(root, { ...defaults.options, ...target.options }, notes)
    : dockerOf({ name, root }, { ...docker?.build, ...target.options }, notes);
  for (const each of Object.keys(target.configurations ?? {})) noteConfiguration(notes, each);
  const dockerfile = settings.dockerfile ?? posix.join(root, 'Dockerfile');
  const stages = stagesOf(tree, dockerfile);
  if (typeof stages === 'string') {
    notes.add('to-do', oldName, `not converted: ${stages}`);
    return undefined;
  }
  for (const [each, { executor }] of Object.entries(targets)) {
    if (executor !== CONTAINER_EXECUTOR || each === oldName) continue;
    notes.add('to-do', each, 'not converted: give its image a Dockerfile and a project of its own');
  }
  const image = imageName(resolved, name);
  const dependsOn = target.dependsOn ?? defaults.dependsOn;
  const converted = convertedTargets(settings, { root, image, stages, dependsOn }, notes);
  const kept = Object.fromEntries(Object.entries(targets).filter(([each]) => each !== oldName));
  notes.add('carried', oldName, `runs ${last(settings)} now`);
  return { ...project, targets: { ...kept, ...converted, [oldName]: alias(settings) } };
}

/** The names of its stages, or why they are not known. */
function stagesOf(tree: Tree, dockerfile: string): string[] | string {
  const source = tree.read(dockerfile, 'utf8');
  if (source === null) return `${dockerfile} is not there`;
  if (posix.basename(dockerfile) !== 'Dockerfile') {
    return `rename ${dockerfile} to Dockerfile, in a folder of its own, and run this again`;
  }
  try {
    return readStages(source, { file: dockerfile }).map((stage) => stage.name);
  } catch (error) {
    return (error as Error).message;
  }
}

/** A target of the other tools: one with the executor, or the one that `@nx/docker` infers. */
function oldTarget(
  targets: Record<string, TargetConfiguration>,
  docker: DockerPlugin | undefined,
  hasDockerfile: boolean,
): [name: string, target: TargetConfiguration] | undefined {
  const entries = Object.entries(targets);
  const container = entries.find(([, { executor }]) => executor === CONTAINER_EXECUTOR);
  if (container) return container;
  if (!docker || !hasDockerfile) return undefined;
  const name = docker.build.name ?? 'docker:build';
  return [name, targets[name] ?? {}];
}

/** What nx.json says of every target with the executor; of several entries the one without a filter. */
function defaultsOf(nxJson: NxJsonConfiguration, executor: string): TargetConfiguration {
  const entries = [nxJson.targetDefaults?.[executor] ?? []].flat();
  return entries.find((each) => !('filter' in each)) ?? {};
}

/** The executor's defaults: the Dockerfile of the project, the workspace's root as the context. */
function containerOf(root: string, options: Record<string, unknown>, notes: Notes): BuildSettings {
  const interpolated = JSON.parse(
    JSON.stringify(options).replaceAll('{projectRoot}', root).replaceAll('{workspaceRoot}/', ''),
  );
  const settings = containerSettings(interpolated, notes);
  return { dockerfile: posix.join(root, 'Dockerfile'), context: '.', ...settings };
}

/** The plugin's defaults: an image named after the folder, and what it puts into arguments. */
function dockerOf(
  { name, root }: { name: string; root: string },
  options: DockerTargetOptions,
  notes: Notes,
): BuildSettings {
  const imageRef = root.replaceAll(/[\\/\s]+/g, '-').toLowerCase();
  const tokens = Object.entries({ projectName: name, projectRoot: root, imageRef });
  const text = tokens.reduce(
    (found, [token, value]) => found.replaceAll(`{${token}}`, value),
    JSON.stringify(options),
  );
  const settings = dockerSettings(JSON.parse(text) as DockerTargetOptions, root, notes);
  if (!options.skipDefaultTag) {
    notes.add(
      'to-do',
      'default tag',
      `the image was ${imageRef}:latest: rename it where it is used, or set imageName of the plugin`,
    );
  }
  return settings;
}

const last = ({ push }: BuildSettings) => (push ? 'docker-build and docker-push' : 'docker-build');

/** The old name still does what it did, for people, scripts and other targets. */
function alias({ push }: BuildSettings): TargetConfiguration {
  return { executor: 'nx:noop', dependsOn: ['docker-build', ...(push ? ['docker-push'] : [])] };
}
