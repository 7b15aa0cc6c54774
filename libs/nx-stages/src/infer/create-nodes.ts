import { existsSync, readFileSync } from 'node:fs';
import { basename, join, posix } from 'node:path';
import {
  type CreateNodesContext,
  type CreateNodesResultArray,
  type ProjectConfiguration,
  logger,
} from '@nx/devkit';
import { readStages } from '@excel2doc/dockerfile';
import { type PluginOptions, type ResolvedOptions, resolveOptions } from '../options';
import { type ComposeFile, composeTargets, parseCompose, serviceOf } from './compose-targets';
import { findContext } from './context';
import { dockerTargets, imageName } from './docker-targets';

export const filePattern =
  '**/{Dockerfile,compose.yaml,compose.yml,docker-compose.yaml,docker-compose.yml}';

/**
 * The targets of every Dockerfile and Compose file.
 *
 * A file that cannot be read is named and passed over: one broken file must not take the project
 * graph away from everybody (nrwl/nx#36954). A broken Dockerfile keeps `docker-plan`, which says what
 * is wrong when somebody builds it.
 */
export function createNodes(
  files: readonly string[],
  options: PluginOptions | undefined,
  { workspaceRoot }: CreateNodesContext,
): CreateNodesResultArray {
  const resolved = resolveOptions(options);
  const isDockerfile = (file: string) => basename(file) === 'Dockerfile';
  const composeFiles = files
    .filter((file) => !isDockerfile(file))
    .flatMap((file) => attempt(file, () => readCompose(workspaceRoot, file)) ?? []);
  return files.filter(isDockerfile).flatMap((dockerfile): CreateNodesResultArray[number][] => {
    const project = attempt(dockerfile, () =>
      dockerProject(workspaceRoot, dockerfile, composeFiles, resolved),
    );
    return project ? [[dockerfile, { projects: { [project.root]: project } }]] : [];
  });
}

function attempt<T>(file: string, action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    const { message } = error as Error;
    logger.warn(
      `@excel2doc/nx-stages: ${message.includes(file) ? message : `${file}: ${message}`}`,
    );
    return undefined;
  }
}

function dockerProject(
  workspaceRoot: string,
  dockerfile: string,
  composeFiles: ComposeFile[],
  options: ResolvedOptions,
): ProjectConfiguration & { root: string } {
  const folder = posix.dirname(dockerfile);
  const root = projectRootOf(workspaceRoot, folder) ?? folder;
  const has = (file: string) => existsSync(join(workspaceRoot, root, file));
  const projectName = projectNameOf(workspaceRoot, root);
  const source = readFileSync(join(workspaceRoot, dockerfile), 'utf8');
  const stages = attempt(dockerfile, () => readStages(source, { file: dockerfile })) ?? [];
  const context = findContext(workspaceRoot, dockerfile, root, stages);
  const image = imageName(options, projectName);
  const targets = dockerTargets({ projectRoot: root, dockerfile, context, image }, stages, options);

  const composeProject = {
    ...{ projectRoot: root, image, dockerfile, context, has },
    lockFile: options.lockFile,
    stages: stages.map(({ name }) => name),
  };
  for (const compose of composeFiles) {
    const service = serviceOf(compose, composeProject);
    if (!service) continue;
    const tests = readTests(workspaceRoot, compose.file);
    const production = besides(workspaceRoot, compose.file, 'prod');
    Object.assign(targets, composeTargets(compose, service, composeProject, tests, production));
    break;
  }
  return { root, name: projectName, targets };
}

/** The nearest folder at or above `folder` that is a project; the workspace's root does not count. */
function projectRootOf(workspaceRoot: string, folder: string): string | undefined {
  for (let at = folder; at !== '.'; at = posix.dirname(at)) {
    const marks = ['project.json', 'package.json'];
    if (marks.some((name) => existsSync(join(workspaceRoot, at, name)))) return at;
  }
  return undefined;
}

function projectNameOf(workspaceRoot: string, root: string): string {
  const read = (file: string) => {
    const path = join(workspaceRoot, root, file);
    return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined;
  };
  const manifest = read('package.json');
  return read('project.json')?.name ?? manifest?.nx?.name ?? manifest?.name ?? basename(root);
}

function readCompose(workspaceRoot: string, file: string): ComposeFile {
  return { file, model: parseCompose(readFileSync(join(workspaceRoot, file), 'utf8')) };
}

/** `compose.test.yaml` beside `compose.yaml`: what the tests need on top of it. */
function readTests(workspaceRoot: string, composeFile: string): ComposeFile | undefined {
  const file = besides(workspaceRoot, composeFile, 'test');
  return file === undefined ? undefined : readCompose(workspaceRoot, file);
}

/** `compose.<name>.yaml` beside `compose.yaml`, where it is there. */
function besides(workspaceRoot: string, composeFile: string, name: string): string | undefined {
  const file = composeFile.replace(/\.ya?ml$/, `.${name}$&`);
  return existsSync(join(workspaceRoot, file)) ? file : undefined;
}
