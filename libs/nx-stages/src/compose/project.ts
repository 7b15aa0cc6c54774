import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { ExecutorContext } from '@nx/devkit';
import type { Compose, ComposeProject, Engine } from '@excel2doc/engine';
import { Bases } from '../build/bases';
import { loadStandIn } from '../build/load';
import { imageTag } from '../build/tags';
import { demandedVariables } from '../doctor/text';
import { engineOf } from '../engine-choice';
import { StagesError } from '../fault';

/** What every Compose executor is given. Paths are relative to the workspace. */
export interface ComposeOptions {
  files: string[];
  envFile?: string;
  project?: string;
  lockFile?: string;
}

/** The parts of `compose config` that are read. */
export interface ComposeConfig {
  name: string;
  services: Record<string, ComposeService>;
}

export interface ComposeService {
  image?: string;
  environment?: Record<string, string | null>;
  depends_on?: Record<string, { condition: string }>;
  ports?: { host_ip?: string; published?: string; target?: number }[];
  platform?: string;
  /** Absolute paths. */
  build?: { context: string; dockerfile?: string };
}

export interface OpenedCompose {
  engine: Engine;
  bases: Bases;
  /** What `compose` was made of, for a second one with more files. */
  project: ComposeProject;
  compose: Compose;
  config: ComposeConfig;
}

/**
 * The Compose project of `options`, with the images that it names replaced by the locked digests, or
 * by this machine's stand-ins, which are loaded first.
 *
 * @throws StagesError `ENV_MISSING` when a value is demanded and the file with the values is not there.
 */
export async function openCompose(
  options: ComposeOptions,
  context: ExecutorContext,
): Promise<OpenedCompose> {
  const absolute = (path: string) => join(context.root, path);
  const hasValues = options.envFile !== undefined && existsSync(absolute(options.envFile));
  if (options.envFile && !hasValues) await refuseWithoutValues(options.envFile, options, context);
  const [engine, bases] = await Promise.all([
    engineOf(context)(),
    Bases.read(context.root, options.lockFile ?? 'docker/images.lock.json'),
  ]);
  const project: ComposeProject = {
    files: options.files.map(absolute),
    ...(options.envFile && hasValues && { envFile: absolute(options.envFile) }),
    ...(options.project && { project: options.project }),
  };
  const config = (await engine.compose(project).config()) as unknown as ComposeConfig;
  const replaced = bases.composeImages(engine.platform);
  const services: Record<string, { image: string }> = {};
  for (const [name, service] of Object.entries(config.services)) {
    const { image } = service;
    const other = image ? replaced[image] : builtHere(name, service, context);
    if (!other) continue;
    services[name] = { image: other };
    const standIn = image && bases.standIn(image, engine.platform);
    if (standIn) await loadStandIn(engine, standIn);
  }
  if (Object.keys(services).length > 0) {
    const override = join(context.root, 'dist', 'compose', `${config.name}.images.yaml`);
    await mkdir(dirname(override), { recursive: true });
    // JSON is YAML, and needs no library.
    await writeFile(override, JSON.stringify({ services }));
    project.files.push(override);
  }
  return { engine, bases, project, compose: engine.compose(project), config };
}

/**
 * The image of a service that names none but builds a Dockerfile of this workspace: what docker-build
 * put into the engine, so that Compose does not build it a second time.
 */
function builtHere(
  name: string,
  { build }: ComposeService,
  context: ExecutorContext,
): string | undefined {
  if (!build) return undefined;
  const path = resolve(build.context, build.dockerfile ?? 'Dockerfile');
  const projects = Object.values(context.projectsConfigurations?.projects ?? {});
  const loads = projects
    .flatMap(({ targets = {} }) => Object.values(targets))
    .filter(
      ({ executor, options }) =>
        executor === '@excel2doc/nx-stages:load' && join(context.root, options.dockerfile) === path,
    );
  const own = loads.find(({ metadata }) => servicesOf(metadata).includes(name));
  const load = own ?? loads[0];
  return load && `${load.options.image}:${imageTag(load.options.tag)}`;
}

/** Of one Dockerfile's images, the one that a service runs says so in its metadata. */
const servicesOf = (metadata: object | undefined): string[] =>
  (metadata as { services?: string[] } | undefined)?.services ?? [];

/** A file with values is needed only where the Compose files demand one that nobody gives. */
async function refuseWithoutValues(
  envFile: string,
  { files }: ComposeOptions,
  context: ExecutorContext,
): Promise<void> {
  const texts = await Promise.all(files.map((file) => readFile(join(context.root, file), 'utf8')));
  const missing = texts
    .flatMap((text) => demandedVariables(text))
    .filter(({ name }) => !process.env[name]);
  if (missing.length === 0) return;
  throw new StagesError('ENV_MISSING', {
    message: `${envFile} is not there, and ${files.join(', ')} needs ${missing.map(({ name }) => name).join(', ')}`,
    hint: 'Write them to that file, or let `npm start` do it where there is such a script',
  });
}

/** Brings up what `service` depends on, and waits until it is healthy. */
export async function startDependencies(
  compose: Compose,
  config: ComposeConfig,
  service: string,
): Promise<void> {
  const services = Object.keys(config.services[service]?.depends_on ?? {});
  // Compose takes an empty list for all services.
  if (services.length > 0) await compose.up({ services, wait: true });
}
