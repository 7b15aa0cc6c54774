import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { transferOf } from '@excel2doc/stages';
import { type RemoteCache, startRemoteCache } from '../fresh';
import { type Measured, measureOutput } from '../measure';
import { nameBases, ownSteps } from '../workload';
import type { Files, Language } from './language';
import type { ImageRegistry } from './registry';
import { nameOf, type Runner } from './runner';

/** Ours by what a workspace sets; the plugin's options of each. */
export const OURS = {
  ours: {},
  'ours, a layer a package': { layering: 'package', blobStore: { kind: 'remote-cache' } },
  'ours, that and kept mounts': {
    layering: 'package',
    blobStore: { kind: 'remote-cache' },
    cacheMounts: { budget: '2GB' },
  },
} as const;
export type OursName = keyof typeof OURS;
export const OURS_NAMES = Object.keys(OURS) as OursName[];
export const MOUNTS: OursName = 'ours, that and kept mounts';

export const PLAIN = 'docker buildx build --load';
export const BAKE = 'docker buildx bake --load';
export const FROM_REGISTRY = `${PLAIN} --cache-from`;

/** One way from a project's files to an image in a runner's engine. */
export interface Way {
  name: string;
  image: string;
  /** Where the files of the project are. */
  folder: string;
  language: Language;
  /** Builds it; what is sent to the engine, where it is said. */
  run(): Promise<{ measured: Measured; engineBytes?: number | undefined }>;
  /** What it keeps outside of the machine; absent where it keeps nothing. */
  remote?: Remote;
}

export interface Remote {
  storedBytes(): number;
  /** Keeps what was built; absent where building does. */
  keep?(): Promise<void>;
  /** What the workspace has of earlier builds, which another machine has not. */
  forget?(): void;
  stop(): Promise<void>;
}

/** Where ways are measured. */
export interface Place {
  runner: Runner;
  registry: ImageRegistry;
  /** Removed by who gives it. */
  folder: string;
  /** Of the mirror, as builds reach it. */
  url: string;
}

/** Puts a state of the project where a way builds it. */
export function putFiles({ folder }: Way, files: Files): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

/** What every project has besides, in its runner stage. */
const APP: Files = { 'app/main': 'hello\n', '.dockerignore': 'Dockerfile\nproject.json\n' };

function newFolder(folder: string, language: Language, mark: string, url: string): void {
  rmSync(folder, { recursive: true, force: true });
  putFiles({ folder } as Way, { ...APP, Dockerfile: language.dockerfile(url) });
  ownSteps(folder, mark);
}

function docker(name: string, language: Language, mark: string, place: Place): Way {
  const folder = join(place.folder, mark);
  newFolder(folder, language, mark, place.url);
  nameBases(folder, Object.fromEntries(language.bases.map((each) => [each, nameOf(each)])));
  return {
    name,
    image: `bench/${mark}`,
    folder,
    language,
    run: () => Promise.reject(new Error(name)),
  };
}

const commandOf = ({ folder: cwd }: Way, { runner: { env } }: Place, command: string[]) => ({
  command,
  cwd,
  env,
});

const plainBuild = ({ image }: Way, more: string[] = []) => [
  ...['docker', 'buildx', 'build', '--load', '--provenance=false', '--target=runner'],
  ...['--tag', image, ...more, '.'],
];

/** On a machine that keeps what it built. */
export function plainWay(language: Language, place: Place, mark = 'buildx'): Way {
  const way = docker(PLAIN, language, `${mark}-${language.name}`, place);
  const command = commandOf(way, place, plainBuild(way));
  return { ...way, run: () => measureOutput(command, [place.runner.pid]) };
}

export function bakeWay(language: Language, place: Place): Way {
  const way = docker(BAKE, language, `bake-${language.name}`, place);
  const target = { context: '.', target: 'runner', tags: [way.image] };
  putFiles(way, { 'docker-bake.json': JSON.stringify({ target: { default: target } }) });
  const bake = ['docker', 'buildx', 'bake', '--load', '--provenance=false'];
  const command = commandOf(way, place, bake);
  return { ...way, run: () => measureOutput(command, [place.runner.pid]) };
}

/** On a machine that has nothing but what a registry keeps of its cache. */
export function fromRegistryWay(language: Language, place: Place): Way {
  const { registry, runner } = place;
  const mark = `from-registry-${language.name}`;
  const way = docker(FROM_REGISTRY, language, mark, place);
  const ref = `type=registry,ref=${registry.host}/cache/${mark}`;
  const build = (...more: string[]) =>
    measureOutput(commandOf(way, place, plainBuild(way, more)), [runner.pid]);
  return {
    ...way,
    // The first time there is nothing to take; buildx warns of it and goes on.
    run: () => build('--cache-from', ref),
    remote: {
      storedBytes: () => registry.storedBytes(),
      keep: async () => void (await build('--cache-to', `${ref},mode=max`)),
      stop: async () => undefined,
    },
  };
}

/** A workspace of ours for each that `OURS` names. */
export type Workspaces = Record<OursName, string>;

/** @param hasRemote whether it has a remote cache, empty at first */
export async function ourWay(
  name: OursName,
  language: Language,
  { place, workspaces, hasRemote }: { place: Place; workspaces: Workspaces; hasRemote: boolean },
): Promise<Way> {
  const { runner, url } = place;
  const root = workspaces[name];
  const project = language.name;
  const folder = join(root, 'apps', project);
  const kind = hasRemote ? 'fresh' : 'same';
  newFolder(folder, language, `${kind}-${OURS_NAMES.indexOf(name)}-${project}`, url);
  putFiles({ folder } as Way, { 'project.json': JSON.stringify({ name: project }) });
  const remote = hasRemote ? await startRemoteCache() : undefined;
  const command = {
    command: [join(root, 'node_modules/.bin/nx'), 'run', `${project}:docker-build`],
    cwd: root,
    env: { ...runner.env, ...remote?.env, NX_CACHE_DIRECTORY: join(root, '.nx/cache') },
  };
  return {
    name,
    image: `${imagePrefix(name)}/${project}:dev`,
    folder,
    language,
    async run() {
      const { measured, output } = await measureOutput(command, [runner.pid]);
      const sent = transferOf(output);
      return { measured, ...(sent?.to === 'engine' && { engineBytes: sent.bytes }) };
    },
    ...(remote && { remote: ofWorkspace(root, remote) }),
  };
}

function ofWorkspace(root: string, remote: RemoteCache): Remote {
  return {
    storedBytes: () => remote.storedBytes(),
    forget() {
      for (const name of ['dist', '.nx'])
        rmSync(join(root, name), { recursive: true, force: true });
    },
    stop: () => remote.stop(),
  };
}

export const imagePrefix = (name: OursName) => `bench-${OURS_NAMES.indexOf(name)}`;

/** Copies of a workspace, each with its own options of the plugin. */
export function workspacesOf(root: string, others: readonly string[], into: string): Workspaces {
  const made = OURS_NAMES.map((name) => {
    const folder = join(into, imagePrefix(name));
    cpSync(root, folder, { recursive: true, verbatimSymlinks: true });
    const { cacheMounts, ...options } = { cacheMounts: undefined, ...OURS[name] };
    const plugin = {
      plugin: '@excel2doc/nx-stages',
      options: {
        ...options,
        imageName: `${imagePrefix(name)}/{projectName}`,
        ...(cacheMounts && { cacheMounts: { ...(cacheMounts as object), others } }),
      },
    };
    const nx = { analytics: false, neverConnectToCloud: true, plugins: [plugin] };
    writeFileSync(join(folder, 'nx.json'), JSON.stringify(nx));
    return [name, folder];
  });
  return Object.fromEntries(made) as Workspaces;
}
