import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ExecutorContext } from '@nx/devkit';
import type { Engine } from '@excel2doc/engine';
import { type Clone, runIn } from '../e2e/clone';
import { workspaceRoot } from '../workspace';
import { type Measured, measureCommand, measureHere } from './measure';
import { type Workload, nameBases, ownSteps } from './workload';

/** One way from files to an image in the engine. */
export interface Way {
  name: string;
  /** What this way builds. */
  folder: string;
  run(): Promise<Measured>;
}

export const PLAIN = 'docker buildx build --load';
export const BAKE = 'docker buildx bake --load';
export const OURS = 'ours, Nx included';
export const BARE = "ours, without Nx's start-up";

/** Base images by the names that they have in the engine. */
export type Bases = Readonly<Record<string, string>>;

/** Where ours is measured, and what counts as its work: the engine, and Nx's daemon. */
export interface Place {
  /** A user's workspace, and what is set where its commands run. */
  clone: Pick<Clone, 'folder' | 'env'>;
  engine: Engine;
  servers: () => number[];
}

/** Writes the project of ours into a user's workspace, anew where it is there. */
export function writeOurs(workload: Workload, root: string): string {
  const folder = join(root, 'apps', workload.project);
  writeAnew(workload, folder, 'ours');
  write(join(folder, 'project.json'), { name: workload.project });
  return folder;
}

function writeAnew(workload: Workload, folder: string, mark: string): void {
  rmSync(folder, { recursive: true, force: true });
  workload.write(folder);
  ownSteps(folder, mark);
}

/** Ours, as a user calls it. */
export function ourWay(workload: Workload, { clone, engine, servers }: Place): Way {
  const nx = join(clone.folder, 'node_modules/.bin/nx');
  const env = { ...clientEnv(engine), ...clone.env, CI: undefined, NX_DAEMON: 'true' };
  const command = [nx, 'run', `${workload.project}:docker-build`];
  return {
    name: OURS,
    folder: writeOurs(workload, clone.folder),
    run: () => measureCommand({ command, cwd: clone.folder, env }, servers()),
  };
}

type Executor = (options: object, context: ExecutorContext) => Promise<{ success: boolean }>;

/** Where ours is built without Nx, each project in a folder of its own. */
export const bareRoot = join(workspaceRoot, 'tmp', 'e2e', 'bench-bare');

/**
 * Ours without Nx: the executors whose tasks Nx would run, in this process. In a checkout of its own,
 * or Nx's daemon would see each change and make the project graph anew beside it.
 */
export function bareWay(workload: Workload, { servers }: Place): Way {
  const { project, stages } = workload;
  const root = join(bareRoot, project);
  const folder = join(root, 'apps', project);
  rmSync(root, { recursive: true, force: true });
  writeAnew(workload, folder, 'bare');
  cpSync(join(workspaceRoot, 'docker'), join(root, 'docker'), {
    recursive: true,
    filter: (path) => !path.endsWith('.env'),
  });
  const options = {
    dockerfile: `apps/${project}/Dockerfile`,
    context: `apps/${project}`,
    lockFile: 'docker/images.lock.json',
  };
  const context = {
    root,
    projectName: project,
    projectsConfigurations: { version: 2, projects: { [project]: { root: `apps/${project}` } } },
  } as unknown as ExecutorContext;
  const run = async (name: string, more: object = {}) => {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- as Nx loads them
    const executors = require(join(workspaceRoot, 'libs/nx-stages/from-source/executors.cjs'));
    const { success } = await (executors[name] as Executor)({ ...options, ...more }, context);
    if (!success) throw new Error(`${name} failed`);
  };
  const built = new Map<string, string>();
  const build = async () => {
    await run('docker-plan');
    let isStale = false;
    for (const stage of stages) {
      const plan = join(root, `dist/apps/${project}/docker/plan/${stage}.json`);
      const inputs = readFileSync(plan, 'utf8');
      isStale ||= built.get(stage) !== inputs;
      if (isStale) await run('docker-stage', { stage });
      built.set(stage, inputs);
    }
    await run('docker-load', {
      stage: 'runner',
      image: `excel2doc/${project}`,
      tag: 'e2e-bench-bare',
    });
  };
  return { name: BARE, folder, run: () => measureHere(build, servers()) };
}

/** A folder with the workload's files, and what an image that is made there is called. */
function folderFor(workload: Workload, clone: Place['clone'], bases: Bases, name: string) {
  const root = join(clone.folder, 'tmp', 'bench', workload.project, name);
  const folder = join(root, 'app');
  rmSync(root, { recursive: true, force: true });
  mkdirSync(root, { recursive: true });
  writeAnew(workload, folder, name);
  nameBases(folder, bases);
  return { root, folder, image: `excel2doc-bench/${workload.project}-${name}` };
}

/** What all others are compared with. */
export function plainWay(workload: Workload, { clone, engine, servers }: Place, bases: Bases): Way {
  const { folder, image } = folderFor(workload, clone, bases, 'buildx');
  const command = [
    ...['docker', 'buildx', 'build', '--load', '--provenance=false', '--target=runner'],
    ...['--tag', image, '.'],
  ];
  const env = clientEnv(engine);
  const run = () => measureCommand({ command, cwd: folder, env }, servers());
  return { name: PLAIN, folder, run };
}

/** How the others do it, each in a folder of its own with the same files. */
export async function otherWays(workload: Workload, place: Place, bases: Bases): Promise<Way[]> {
  const { clone, engine, servers } = place;
  const env = { ...clientEnv(engine), NX_DAEMON: 'true' };
  const make = (name: string) => folderFor(workload, clone, bases, name);
  const way = (name: string, folder: string, command: string[], cwd: string): Way => ({
    name,
    folder,
    run: () => measureCommand({ command, cwd, env }, servers()),
  });

  const compose = make('compose');
  write(join(compose.root, 'compose.yaml'), {
    name: `excel2doc-bench-${workload.project}`,
    services: { app: { image: compose.image, build: { context: './app', target: 'runner' } } },
  });
  const bake = make('bake');
  write(join(bake.root, 'docker-bake.json'), {
    target: { default: { context: './app', target: 'runner', tags: [bake.image] } },
  });
  const composeBuild = ['docker', 'compose', 'build'];
  const bakeLoad = ['docker', 'buildx', 'bake', '--load'];
  const ways = [
    plainWay(workload, place, bases),
    way('docker compose build', compose.folder, composeBuild, compose.root),
    way(BAKE, bake.folder, bakeLoad, bake.root),
  ];
  for (const [name, version] of peers) {
    const peer = make(name.replace(/\W+/g, '-'));
    await installPeer(clone, peer.root, { [name]: version, nx: '23.2.1' });
    writeNxWorkspace(peer, name);
    const command = [join(peer.root, 'node_modules/.bin/nx'), 'run', 'app:image'];
    ways.push(way(name, peer.folder, command, peer.root));
  }
  return ways;
}

const peers = [
  ['@nx/docker', '23.2.1'],
  ['@nx-tools/nx-container', '7.3.0'],
] as const;

async function installPeer(
  clone: Place['clone'],
  root: string,
  devDependencies: Record<string, string>,
) {
  write(join(root, 'package.json'), { name: 'peer', private: true, devDependencies });
  const args = ['install', '--no-audit', '--no-fund', '--prefer-offline', '--prefix', root];
  const { status, output } = await runIn(clone, 'npm', args);
  if (status !== 0) throw new Error(output);
}

/** As each tool's documentation sets it up, cached by Nx as an image there can be: not at all. */
function writeNxWorkspace(peer: { root: string; folder: string; image: string }, name: string) {
  const plugin = { plugin: '@nx/docker', options: { buildTarget: { name: 'image' } } };
  write(join(peer.root, 'nx.json'), {
    analytics: false,
    ...(name === '@nx/docker' && { plugins: [plugin] }),
  });
  const image = {
    executor: '@nx-tools/nx-container:build',
    options: {
      engine: 'docker',
      context: 'app',
      file: 'app/Dockerfile',
      target: 'runner',
      load: true,
      provenance: 'false',
      tags: [peer.image],
    },
  };
  write(join(peer.folder, 'project.json'), {
    name: 'app',
    ...(name !== '@nx/docker' && { targets: { image } }),
  });
}

function write(file: string, value: unknown): void {
  writeFileSync(file, `${JSON.stringify(value, undefined, 2)}\n`);
}

/** The environment in which a plain `docker` reaches the same engine. */
export function clientEnv(engine: Engine): NodeJS.ProcessEnv {
  const outer = Object.entries(process.env).filter(([key]) => !key.startsWith('NX_'));
  const path = `${dirname(engine.docker)}:${process.env['PATH']}`;
  return {
    ...Object.fromEntries(outer),
    ...engine.env,
    ...(engine.kind === 'private' && { PATH: path }),
  };
}
