import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ExecutorContext } from '@nx/devkit';
import { type Compose, type ComposeProject, type Engine, locateEngine } from '@excel2doc/engine';
import { stringify } from 'yaml';
import { Bases } from '../build/bases';
import { loadStandIn } from '../build/load';
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
 * @throws StagesError `ENV_MISSING` when the file with the values is not there.
 */
export async function openCompose(
  options: ComposeOptions,
  context: ExecutorContext,
): Promise<OpenedCompose> {
  const absolute = (path: string) => join(context.root, path);
  if (options.envFile && !existsSync(absolute(options.envFile))) {
    throw new StagesError('ENV_MISSING', {
      message: `${options.envFile} is not there: it holds the passwords that the Compose file uses`,
      hint: 'Run `npm start` once, it writes one',
    });
  }
  const [engine, bases] = await Promise.all([
    locateEngine(),
    Bases.read(context.root, options.lockFile ?? 'docker/images.lock.json'),
  ]);
  const project: ComposeProject = {
    files: options.files.map(absolute),
    ...(options.envFile && { envFile: absolute(options.envFile) }),
    ...(options.project && { project: options.project }),
  };
  const config = (await engine.compose(project).config()) as unknown as ComposeConfig;
  const replaced = bases.composeImages(engine.platform);
  const services: Record<string, { image: string }> = {};
  for (const [name, { image }] of Object.entries(config.services)) {
    const other = image && replaced[image];
    if (!other) continue;
    services[name] = { image: other };
    const standIn = bases.standIn(image, engine.platform);
    if (standIn) await loadStandIn(engine, standIn);
  }
  if (Object.keys(services).length > 0) {
    const override = join(context.root, 'dist', 'compose', `${config.name}.images.yaml`);
    await mkdir(dirname(override), { recursive: true });
    await writeFile(override, stringify({ services }));
    project.files.push(override);
  }
  return { engine, bases, project, compose: engine.compose(project), config };
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
