import { chmod, mkdir, readdir, rename, rm, statfs, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { EngineError } from '@excel2doc/engine';
import { downloadPackages } from './apt';
import { readAptSources } from './apt-sources';
import { shell, tried } from '../shell';
import type { EngineFolder } from './folder';
import type { Host } from './host';
import { planPackages } from './packages';

/** Downloads and unpacked programs take about 0.7 GB, the first images of a build 1 GB. */
const NEEDED_BYTES = 2e9;

/**
 * Makes `at.root`: the engine's programs, unpacked from Debian packages and installed nowhere. What
 * is half done when the process dies is downloaded no second time and never taken for whole.
 */
export async function unpackEngine(
  at: EngineFolder,
  host: Host,
  log: (line: string) => void,
): Promise<void> {
  await mkdir(at.folder, { recursive: true });
  await requireSpace(at.folder);
  const plan = planPackages(host, await readAptSources());
  if (!plan) {
    throw new EngineError('NO_MIRROR', {
      message: `apt has no source for ${host.codename}, so no mirror to take the engine from`,
      hint: `Add the ${host.codename} main archive to /etc/apt/sources.list.d, then run it again`,
    });
  }
  const download = join(at.folder, 'download');
  const debs = await downloadPackages(download, plan, log);
  log(`Unpacking ${debs.length} packages`);
  const unfinished = `${at.root}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true });
  for (const deb of debs) await shell`dpkg --extract ${deb} ${unfinished}`;
  await makeBin(unfinished, at);
  await tryPrograms(unfinished);
  await rename(unfinished, at.root);
  await rm(download, { recursive: true, force: true });
}

async function requireSpace(folder: string): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize >= NEEDED_BYTES) return;
  throw new EngineError('DISK_FULL', {
    message: `Only ${Math.round((bavail * bsize) / 1e6)} MB are free in ${folder}; a private engine needs ${NEEDED_BYTES / 1e6} MB`,
    hint: 'Free some space, or point XDG_CACHE_HOME to a larger disk',
  });
}

const PROGRAMS = [
  'docker',
  'dockerd',
  'docker-proxy',
  'containerd',
  'containerd-shim-runc-v2',
  'runc',
];

/** `root`/bin: links to the programs, under the names by which the daemon looks for them. */
async function makeBin(root: string, at: EngineFolder): Promise<void> {
  const bin = join(root, 'bin');
  await mkdir(bin, { recursive: true });
  for (const name of PROGRAMS) {
    await symlink(join('..', await programIn(root, name)), join(bin, name));
  }
  // Bind-mounted into containers of any libc, so the static one.
  await symlink(join('..', await programIn(root, 'tini-static')), join(bin, 'docker-init'));
  for (const backend of ['nft', 'legacy']) await wrapIptables(root, at, backend);
}

/** A program that wants another libc than the host's says so here, not in the middle of a build. */
async function tryPrograms(root: string): Promise<void> {
  for (const name of PROGRAMS.filter((each) => each !== 'containerd-shim-runc-v2')) {
    const { exitCode, stdall } = await tried`${join(root, 'bin', name)} --version`;
    if (exitCode === 0) continue;
    throw new EngineError('UNSUPPORTED_HOST', {
      message: `${name} from the downloaded packages does not run here: ${stdall.split('\n')[0]}`,
      hint: 'Install and start Docker 25 or newer with buildx and Compose v2 instead',
      stderr: stdall,
    });
  }
}

/** A folder of iptables, ip6tables, … for one backend; the daemon's start picks one that works. */
async function wrapIptables(root: string, at: EngineFolder, backend: string): Promise<void> {
  const folder = join(root, `iptables-${backend}`);
  await mkdir(folder, { recursive: true });
  const program = join(at.root, await programIn(root, `xtables-${backend}-multi`));
  const libraries = join(at.root, dirname(await libraryIn(root, 'libxtables.so.12')));
  for (const name of [
    'iptables',
    'ip6tables',
    'iptables-save',
    'ip6tables-save',
    'iptables-restore',
    'ip6tables-restore',
  ]) {
    const lines = [
      '#!/bin/sh',
      `export LD_LIBRARY_PATH='${libraries}' XTABLES_LIBDIR='${join(libraries, 'xtables')}'`,
      `exec '${program}' ${name} "$@"`,
      '',
    ];
    await writeFile(join(folder, name), lines.join('\n'));
    await chmod(join(folder, name), 0o755);
  }
}

async function programIn(root: string, name: string): Promise<string> {
  for (const folder of ['usr/sbin', 'usr/bin', 'sbin', 'bin']) {
    const names = await readdir(join(root, folder)).catch((): string[] => []);
    if (names.includes(name)) return join(folder, name);
  }
  throw new EngineError('NO_MIRROR', {
    message: `The downloaded packages hold no ${name}`,
    hint: 'Install and start Docker 25 or newer with buildx and Compose v2 instead',
  });
}

async function libraryIn(root: string, name: string): Promise<string> {
  const { stdout } = await shell`find ${root} -name ${name} -printf '%P\\n'`;
  const found = stdout.split('\n')[0];
  if (!found)
    throw new EngineError('NO_MIRROR', {
      message: `The downloaded packages hold no ${name}`,
      hint: 'Install Docker instead',
    });
  return found;
}
