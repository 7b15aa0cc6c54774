import { spawn } from 'node:child_process';
import { mkdir, open, readFile, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EngineError, type PrivateEngineFile } from '@excel2doc/engine';
import { shell, tried } from '../shell';
import type { EngineFolder } from './folder';
import { deleteTrees, isThere } from './tree';

const READY_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 30_000;
const START_ATTEMPTS = 3;

/** The daemon's pid, if the pid file names a process that really is this folder's daemon. */
export async function runningPid(at: EngineFolder): Promise<number | undefined> {
  const pid = Number(await readFile(at.pidFile, 'utf8').catch(() => ''));
  if (!Number.isInteger(pid) || pid <= 1) return undefined;
  return (await isDaemon(pid, at)) ? pid : undefined;
}

/** Pids are used again: only a dockerd that was given this folder's configuration is ours. */
async function isDaemon(pid: number, at: EngineFolder): Promise<boolean> {
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  const words = command.split('\0');
  return Boolean(words[0]?.endsWith('dockerd')) && words.includes(at.daemonConfig);
}

/**
 * Starts the daemon in a session of its own and waits until it answers.
 *
 * @param isolated in a network of its own, without a way out: two daemons in one network take the
 *   bridge docker0 from each other
 */
export async function startDaemon(
  at: EngineFolder,
  asRoot: string[],
  { isolated = false } = {},
): Promise<void> {
  await prepare(at, asRoot);
  for (let attempt = 1; ; attempt++) {
    const ended = await startedDaemon(at, asRoot, isolated);
    if (!ended) return;
    // dockerd gives up on containerd or BuildKit after 15 s, which their databases can take from a
    // disk that has not read them before. The next start finds them in memory.
    const gaveUp = /deadline exceeded|timeout waiting for containerd/.test(ended.stderr);
    if (!gaveUp || attempt === START_ATTEMPTS) throw ended;
  }
}

async function startedDaemon(
  at: EngineFolder,
  asRoot: string[],
  isolated: boolean,
): Promise<EngineError | undefined> {
  const started = await spawnDaemon(at, asRoot, isolated);
  const deadline = Date.now() + READY_TIMEOUT_MS;
  while (!(await answers(at.socket))) {
    if (started.exited()) return failure(at, 'ended at once');
    if (Date.now() > deadline)
      throw await failure(at, `does not answer after ${READY_TIMEOUT_MS / 1000} s`);
    await sleep(100);
  }
  started.release();
  return undefined;
}

async function prepare(at: EngineFolder, asRoot: string[]): Promise<void> {
  await forgetEarlierBoot(at, asRoot);
  await mkdir(join(at.dockerConfig, 'cli-plugins'), { recursive: true });
  await linkPlugins(at);
  const settings = {
    'data-root': at.data,
    'exec-root': join(at.run, 'exec'),
    hosts: [`unix://${at.socket}`],
    pidfile: at.pidFile,
    features: { 'containerd-snapshotter': true },
    'log-driver': 'json-file',
    'log-opts': { 'max-size': '10m', 'max-file': '3' },
    builder: { gc: { enabled: true, defaultKeepStorage: '20GB' } },
    group: String(process.getgid?.()),
  };
  await writeFile(at.daemonConfig, `${JSON.stringify(settings, null, 2)}\n`);
  const file: PrivateEngineFile = {
    format: 1,
    docker: join(at.bin, 'docker'),
    host: `unix://${at.socket}`,
    dockerConfig: at.dockerConfig,
  };
  await writeFile(`${at.engineFile}.new`, `${JSON.stringify(file, null, 2)}\n`);
  await rename(`${at.engineFile}.new`, at.engineFile);
}

/** Sockets and mounts of before a reboot mean nothing, and can keep a daemon from starting. */
async function forgetEarlierBoot(at: EngineFolder, asRoot: string[]): Promise<void> {
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8');
  const mark = join(at.run, 'boot-id');
  if ((await readFile(mark, 'utf8').catch(() => boot)) !== boot) {
    await deleteTrees([at.run], asRoot);
  }
  if (!(await isThere(at.run))) {
    await shell`${asRoot} mkdir -p ${at.run}`;
    if (asRoot.length > 0) await shell`${asRoot} chown ${process.getuid?.()} ${at.run}`;
  }
  await writeFile(mark, boot);
}

async function linkPlugins(at: EngineFolder): Promise<void> {
  for (const folder of ['usr/libexec/docker/cli-plugins', 'usr/lib/docker/cli-plugins']) {
    const source = join(at.root, folder);
    for (const name of await readdir(source).catch((): string[] => [])) {
      const link = join(at.dockerConfig, 'cli-plugins', name);
      await rm(link, { force: true });
      await symlink(join(source, name), link);
    }
  }
}

/** A backend of iptables that this kernel has. The host's own iptables, where there is one, so that
 * all rules are in one table. */
async function iptablesFolder(at: EngineFolder, asRoot: string[]): Promise<string[]> {
  for (const folder of ['/usr/sbin', '/sbin']) {
    if (await isThere(join(folder, 'iptables'))) return [];
  }
  for (const backend of ['nft', 'legacy']) {
    const folder = join(at.root, `iptables-${backend}`);
    const list = [join(folder, 'iptables'), '--wait', '--table', 'nat', '--list', '--numeric'];
    const { exitCode } = await tried`${asRoot} ${list}`;
    if (exitCode === 0) return [folder];
  }
  throw new EngineError('DAEMON_FAILED', {
    message:
      'This kernel lets nobody set up packet filtering (iptables), which containers need for their network',
    hint: 'In a container, run it with --privileged; else install and start Docker',
  });
}

async function spawnDaemon(at: EngineFolder, asRoot: string[], isolated: boolean) {
  const path = [
    ...(await iptablesFolder(at, asRoot)),
    at.bin,
    '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  ].join(':');
  await rename(at.log, `${at.log}.1`).catch(() => undefined);
  const log = await open(at.log, 'a');
  const proxies = Object.entries(process.env).filter(([key]) => /^(https?|no)_proxy$/i.test(key));
  const variables = [['PATH', path], ['HOME', process.env['HOME'] ?? '/root'], ...proxies];
  const words = [
    ...asRoot,
    ...(isolated ? ['unshare', '--net'] : []),
    ...['env', '-i', ...variables.map(([key, value]) => `${key}=${value}`)],
    ...[join(at.bin, 'dockerd'), '--config-file', at.daemonConfig],
  ];
  // detached is setsid(2): closing the terminal, or Ctrl-C in it, does not reach the daemon.
  const child = spawn(words[0]!, words.slice(1), {
    cwd: '/',
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
  });
  let ended = false;
  child.on('error', () => (ended = true)).on('exit', () => (ended = true));
  await log.close();
  return { exited: () => ended, release: () => child.unref() };
}

/** Whether the daemon at `socket` answers a ping. */
export function answers(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get({ socketPath: socket, path: '/_ping', timeout: 2000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.on('timeout', () => request.destroy()).on('error', () => resolve(false));
  });
}

async function failure(at: EngineFolder, what: string): Promise<EngineError> {
  const log = await readFile(at.log, 'utf8').catch(() => '');
  const lines = log.trim().split('\n');
  const said =
    lines.findLast((line) => /level=(fatal|error)|^failed|permission denied/.test(line)) ??
    lines.at(-1);
  const reason = /msg="((?:[^"\\]|\\.)*)"/.exec(said ?? '')?.[1] ?? said;
  return new EngineError('DAEMON_FAILED', {
    message: `The private engine ${what}: ${reason || 'it gave no reason'}`,
    hint: `Read ${at.log}; \`npx tsx tools/engine/cli.ts remove\` starts afresh`,
    stderr: log,
  });
}

/** Ends the daemon by its pid: politely, and after 30 s for good. True if there was one. */
export async function stopDaemon(at: EngineFolder, asRoot: string[]): Promise<boolean> {
  const pid = await runningPid(at);
  if (pid === undefined) return false;
  await tried`${asRoot} kill -TERM ${pid}`;
  const deadline = Date.now() + STOP_TIMEOUT_MS;
  while (await isDaemon(pid, at)) {
    if (Date.now() > deadline) await tried`${asRoot} kill -KILL ${pid}`;
    await sleep(100);
  }
  return true;
}
