import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, openSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Engine, type PrivateEngineFile, cacheFolder, locateEngine } from '@excel2doc/engine';

/** An engine that nobody else uses, for what changes an engine as a whole. */
export interface OwnDaemon {
  engine: Engine;
  /** The environment in which it is the engine that is found. */
  env: Record<string, string>;
  /** For DOCKER_HOST. */
  host: string;
  /** Where it keeps all that it has. */
  disk: string;
  /** Its process, which is in the network that it has. */
  pid(): number;
  /** Stops it, whatever it is at, and waits until it answers again. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** What is special about an engine. */
export interface OwnSettings {
  /** All that it keeps lies on a disk of this size. */
  diskMiB?: number;
  /** For an engine that runs no container: it has no network but an empty one of its own. */
  hasNoNetwork?: boolean;
  /** Its containers reach each other, and what is started in its network: nothing of this machine's. */
  hasOwnNetwork?: boolean;
}

/**
 * Null where the engine is not the private one: then there is no daemon program to start.
 *
 * @param store that it keeps images in
 */
export async function startOwnDaemon(
  like: Engine,
  store: Engine['store'] = 'containerd',
  { diskMiB, hasNoNetwork = false, hasOwnNetwork = hasNoNetwork }: OwnSettings = {},
): Promise<OwnDaemon | null> {
  const bin = dirname(like.docker);
  const program = join(bin, 'dockerd');
  if (like.kind !== 'private' || !existsSync(program)) return null;
  const home = await mkdtemp(join(tmpdir(), 'nx-own-'));
  const disk = dataIn(home);
  if (diskMiB !== undefined) {
    await mkdir(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${diskMiB}m`, 'tmpfs', disk]);
  }
  const settings = await writeSettings(home, {
    features: { 'containerd-snapshotter': store === 'containerd' },
    ...(hasNoNetwork && { bridge: 'none', iptables: false, ip6tables: false }),
  });
  const log = openSync(join(home, 'dockerd.log'), 'a');
  const path = [bin, join(bin, '../iptables-nft'), process.env['PATH']].join(':');
  const env = await announce(home, like);
  // The base images' layouts are the same for all engines.
  for (const name of await readdir(cacheFolder()))
    if (name !== 'engine') await symlink(join(cacheFolder(), name), join(home, 'excel2doc', name));
  const start = async () => {
    const command = [program, '--config-file', settings];
    // In a network of its own: a daemon without a bridge deletes docker0, which is another's.
    if (hasOwnNetwork) command.unshift('unshare', '--net');
    const child = spawn(command[0]!, command.slice(1), {
      env: { ...process.env, PATH: path },
      stdio: ['ignore', log, log],
    });
    const ended = once(child, 'exit');
    for (let tries = 0; ; tries += 1) {
      const engine = await locateEngine({ env: { ...process.env, ...env } }).catch(() => undefined);
      if (engine) return { child, ended, engine };
      if (child.exitCode !== null || tries > 240)
        throw new Error(await readFile(join(home, 'dockerd.log'), 'utf8'));
      await sleep(500);
    }
  };
  let running = await start();
  const { engine } = running;
  const end = async () => {
    running.child.kill('SIGTERM');
    await running.ended;
  };
  return {
    engine,
    env,
    host: `unix://${socketIn(home)}`,
    disk,
    pid: () => running.child.pid!,
    async restart() {
      await end();
      running = await start();
    },
    async stop() {
      await engine.command(['swarm', 'leave', '--force'], { allowFailure: true });
      await end();
      await unmountBelow(home);
      await rm(home, { recursive: true, force: true });
    },
  };
}

export const socketIn = (home: string) => join(home, 'docker.sock');
const dataIn = (home: string) => join(home, 'data');

/** Writes the settings of an engine that keeps all it has in `home`; the file's path is returned. */
export async function writeSettings(home: string, more: object): Promise<string> {
  const settings = {
    'data-root': dataIn(home),
    'exec-root': join(home, 'exec'),
    hosts: [`unix://${socketIn(home)}`],
    pidfile: join(home, 'docker.pid'),
    ...more,
  };
  const file = join(home, 'daemon.json');
  await writeFile(file, JSON.stringify(settings));
  return file;
}

/** Has the engine of `home` be the private one, for whoever runs in the environment that is returned. */
export async function announce(home: string, like: Engine): Promise<{ XDG_CACHE_HOME: string }> {
  const file: PrivateEngineFile = {
    format: 1,
    docker: like.docker,
    host: `unix://${socketIn(home)}`,
    dockerConfig: like.env['DOCKER_CONFIG'] ?? '',
  };
  const folder = join(home, 'excel2doc', 'engine');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'engine.json'), JSON.stringify(file));
  return { XDG_CACHE_HOME: home };
}

/** A swarm's load balancer leaves network namespaces behind, mounted as files. */
async function unmountBelow(folder: string): Promise<void> {
  const mounts = (await readFile('/proc/self/mounts', 'utf8')).split('\n');
  const points = mounts.map((line) => line.split(' ')[1] ?? '');
  for (const point of points.filter((each) => each.startsWith(`${folder}/`)).reverse())
    execFileSync('umount', ['--lazy', point]);
}
