import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { type Compose, type ComposeProject, type Engine, locateEngine } from '@excel2doc/engine';
import { replaceFile } from '@excel2doc/oci';
import {
  type WorkspaceProject,
  Bases,
  demandedVariables,
  imageTag,
  loadedName,
  loadStandIn,
  type LocalImage,
  StagesError,
} from '@excel2doc/stages';
import { digestKey } from './digest-key';
import {
  type GivenFile,
  MOUNTED_LABEL,
  type MountedFile,
  mountedFiles,
  mountedLabel,
  type Mounts,
} from './mounted-files';

/** What every Compose executor is given. Paths are relative to the workspace. */
export interface ComposeOptions {
  files: string[];
  envFile?: string;
  project?: string;
  lockFile?: string;
}

/** The workspace that a Compose project lies in. */
export type ComposeWorkspace = Pick<WorkspaceProject, 'root' | 'engineChoice' | 'images'>;

/** The parts of `compose config` that are read. */
export interface ComposeConfig {
  name: string;
  services: Record<string, ComposeService>;
  volumes?: Record<string, { name?: string }>;
  configs?: Record<string, GivenFile>;
  secrets?: Record<string, GivenFile>;
}

export interface ComposeService extends Mounts {
  image?: string;
  environment?: Record<string, string | null>;
  labels?: Record<string, string>;
  depends_on?: Record<string, { condition: string }>;
  ports?: { host_ip?: string; published?: string; target?: number }[];
  platform?: string;
  scale?: number;
  deploy?: { replicas?: number; update_config?: { order?: string } };
  container_name?: string;
  network_mode?: string;
  networks?: Record<
    string,
    { ipv4_address?: string; ipv6_address?: string; mac_address?: string } | null
  >;
  mac_address?: string;
  pid?: string;
  ipc?: string;
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
  /** What was put on top of the Compose files: images, and labels. */
  added: Added;
  /** By service. */
  mounted: ReadonlyMap<string, readonly MountedFile[]>;
}

/** By service. */
type Added = Record<string, { image?: string; labels?: Record<string, string> }>;

/**
 * The Compose project of `options`, with the images that it names replaced by the locked digests, or
 * by this machine's stand-ins, which are loaded first.
 *
 * @throws StagesError `ENV_MISSING` when a value is demanded and the file with the values is not there.
 */
export async function openCompose(
  options: ComposeOptions,
  workspace: ComposeWorkspace,
): Promise<OpenedCompose> {
  const { root, engineChoice: choice } = workspace;
  const absolute = (path: string) => join(root, path);
  const hasValues = options.envFile !== undefined && existsSync(absolute(options.envFile));
  if (options.envFile && !hasValues) await refuseWithoutValues(options.envFile, options, root);
  const [engine, bases] = await Promise.all([
    locateEngine({ choice }),
    Bases.read(root, options.lockFile ?? 'docker/images.lock.json'),
  ]);
  const project: ComposeProject = {
    files: options.files.map(absolute),
    ...(options.envFile && hasValues && { envFile: absolute(options.envFile) }),
    ...(options.project && { project: options.project }),
  };
  const config = (await engine.compose(project).config()) as unknown as ComposeConfig;
  const replaced = bases.composeImages(engine.platform);
  const added: Added = {};
  const mounted = new Map<string, readonly MountedFile[]>();
  const values = await valuesOf(project);
  const look = {
    valueOf: (variable: string) => values[variable],
    // Only secrets need one: a project without any is looked at in a checkout that cannot be written to.
    key: config.secrets ? await digestKey(join(root, 'dist', 'compose'), config.name) : '',
    isHere: await engine.isOfThisMachine(),
  };
  const standIns = new Map<string, LocalImage>();
  for (const [name, service] of Object.entries(config.services)) {
    const { image } = service;
    const other = image ? replaced[image] : builtHere(name, service, workspace);
    const files = mountedFiles(config, service, look);
    mounted.set(name, files);
    const label = mountedLabel(files);
    if (label) added[name] = { labels: { [MOUNTED_LABEL]: label } };
    if (!other) continue;
    added[name] = { ...added[name], image: other };
    const standIn = image && bases.standIn(image, engine.platform);
    if (standIn) standIns.set(image, standIn);
  }
  await Promise.all([...standIns.values()].map((standIn) => loadStandIn(engine, standIn)));
  if (Object.keys(added).length > 0) {
    const override = join(root, 'dist', 'compose', `${config.name}.images.yaml`);
    // JSON is YAML, and needs no library.
    const text = JSON.stringify({ services: added });
    // Another target's Compose may be reading it.
    await replaceFile(override, text, 0o600);
    project.files.push(override);
  }
  return { engine, bases, project, compose: engine.compose(project), config, added, mounted };
}

/** The values that Compose has for variables: this process's come before those of the file. */
async function valuesOf({ envFile, files }: ComposeProject): Promise<NodeJS.Dict<string>> {
  const file = envFile ?? join(dirname(files[0] ?? ''), '.env');
  const text = await readFile(file, 'utf8').catch(() => '');
  return { ...parseEnv(text), ...process.env };
}

/** The model with the services of every profile: Compose leaves out those whose profile is off. */
export async function wholeConfig({
  engine,
  project,
}: Pick<OpenedCompose, 'engine' | 'project'>): Promise<ComposeConfig> {
  const config = await engine.compose({ ...project, profiles: ['*'] }).config();
  return config as unknown as ComposeConfig;
}

/**
 * The image of a service that names none but builds a Dockerfile of this workspace: what docker-build
 * put into the engine, so that Compose does not build it a second time.
 */
function builtHere(
  name: string,
  { build }: ComposeService,
  { root, images = [] }: ComposeWorkspace,
): string | undefined {
  if (!build) return undefined;
  const path = resolve(build.context, build.dockerfile ?? 'Dockerfile');
  const made = images.filter(({ dockerfile }) => join(root, dockerfile) === path);
  const image = made.find(({ services }) => services.includes(name)) ?? made[0];
  if (!image) return undefined;
  // Its tags are known when it is there: they may be a commit's or a branch's.
  const loaded = image.skipDefaultTag && loadedName(root, image);
  return loaded || `${image.image}:${imageTag(image.tag)}`;
}

/** A file with values is needed only where the Compose files demand one that nobody gives. */
async function refuseWithoutValues(
  envFile: string,
  { files }: ComposeOptions,
  root: string,
): Promise<void> {
  const texts = await Promise.all(files.map((file) => readFile(join(root, file), 'utf8')));
  const missing = texts
    .flatMap((text) => demandedVariables(text))
    .filter(({ name }) => !process.env[name]);
  if (missing.length === 0) return;
  throw new StagesError('ENV_MISSING', {
    message: `${envFile} is not there, and ${files.join(', ')} needs ${missing.map(({ name }) => name).join(', ')}`,
    hint: 'Write them to that file',
  });
}

/**
 * Brings up what `service` depends on, and waits until it is healthy.
 *
 * @param how whether what runs is replaced where the files say something else by now
 */
export async function startDependencies(
  compose: Compose,
  config: ComposeConfig,
  service: string,
  how: { noRecreate: boolean },
): Promise<void> {
  const services = Object.keys(config.services[service]?.depends_on ?? {});
  // Compose takes an empty list for all services.
  if (services.length > 0) await compose.up({ services, wait: true, ...how });
}
