import { chmod, cp, mkdir, readFile, readdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { EngineError } from '@excel2doc/engine';
import { downloadPackages } from '../engine/apt';
import {
  formatAptSource,
  ownSources,
  readAptSources,
  sourcesOfRelease,
} from '../engine/apt-sources';
import { shell, tried } from '../shell';
import type { Host } from '../engine/host';
import { type Recipe, entrypoints } from './recipe';

const HOST_CERTIFICATES = '/usr/local/share/ca-certificates';

/** What a stand-in takes from the host: how its apt gets out, and whom its TLS trusts. */
export interface HostPart {
  aptSettings: string;
  /** File name -> PEM text. */
  certificates: Record<string, string>;
}

export async function readHostPart(): Promise<HostPart> {
  const names = await readdir(HOST_CERTIFICATES).catch((): string[] => []);
  const entries = await Promise.all(
    names
      .filter((name) => name.endsWith('.crt'))
      .sort()
      .map(async (name) => [name, await readFile(join(HOST_CERTIFICATES, name), 'utf8')] as const),
  );
  const { stdout } = await shell`apt-config dump`;
  return { aptSettings: transportSettings(stdout), certificates: Object.fromEntries(entries) };
}

/** Of `apt-config dump`, what is needed to reach the host's mirror from inside a container. */
export function transportSettings(dump: string): string {
  const lines = dump.split('\n').filter((line) => {
    return /^Acquire::(https?::Proxy|Check-Valid-Until|Check-Date) "[^"]+";$/i.test(line);
  });
  return lines.map((line) => `${line}\n`).join('');
}

/** Leaves out what the official slim images leave out as well. */
const WITHOUT_DOCUMENTATION = [
  ...['man', 'info', 'locale', 'doc', 'lintian', 'linda', 'groff'].map(
    (name) => `path-exclude=/usr/share/${name}/*`,
  ),
  'path-include=/usr/share/doc/*/copyright',
];

/**
 * What differs from build to build, or is of no use in a container. /tmp of the new root is not
 * touched: mmdebstrap's apt.conf lies in it, and its last calls of apt would act on the host instead.
 */
const CLEAN_UP = [
  // Day 0 as the last change of a password (SOURCE_DATE_EPOCH) means that it has expired.
  'sed -i -E "s/^([^:]*:[^:]*):0:/\\1::/" "$1/etc/shadow"',
  'rm -rf "$1"/var/log/* "$1"/var/cache/apt/* "$1"/var/cache/debconf/*-old "$1"/var/cache/ldconfig/aux-cache',
  'rm -rf "$1"/var/lib/dpkg/*-old "$1"/run/* "$1"/etc/hostname "$1"/etc/resolv.conf',
  'rm -f "$1"/etc/passwd- "$1"/etc/group- "$1"/etc/shadow- "$1"/etc/gshadow-',
  'find "$1/usr/share/doc" -mindepth 1 -type d -empty -delete',
  ': > "$1/etc/machine-id"',
];

/** What is done for every recipe alike. */
export const PROCEDURE = [...WITHOUT_DOCUMENTATION, ...CLEAN_UP, 'merged-usr'];

/**
 * Makes the root file system of `recipe` as a tar file. The same archive gives the same bytes: every
 * time is 0, and what differs from run to run is deleted.
 *
 * @throws EngineError `NO_MIRROR` without a Debian source, `STAND_IN_FAILED` with mmdebstrap's reason
 */
export async function bootstrap(
  recipe: Recipe,
  to: { tar: string; scratch: string; architecture: string },
  from: { host: Host; mmdebstrap: string; hostPart: HostPart },
): Promise<void> {
  const sources = await debianSources(from.host, recipe.release);
  const list = join(to.scratch, 'sources.list');
  await writeFile(list, sources.map((each) => `${formatAptSource(each)}\n`).join(''));
  const overlay = join(to.scratch, 'overlay');
  await writeOverlay(overlay, recipe, from.hostPart);
  const options = [
    '--mode=root',
    '--variant=minbase',
    '--format=tar',
    `--architectures=${to.architecture}`,
    `--include=${['ca-certificates', ...recipe.packages].join(',')}`,
    '--aptopt=Acquire::Languages "none"',
    '--aptopt=Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false"',
    ...WITHOUT_DOCUMENTATION.map((each) => `--dpkgopt=${each}`),
    // Without it, bookworm gets usrmerge and with it all of perl.
    `--hook-dir=${join(dirname(from.mmdebstrap), '../share/mmdebstrap/hooks/merged-usr')}`,
    `--essential-hook=tar -C '${overlay}' --owner=0 --group=0 -c . | tar -C "$1" -x --no-overwrite-dir`,
    ...recipe.before.map((line) => `--essential-hook=${line}`),
    ...[...recipe.after, ...CLEAN_UP].map((line) => `--customize-hook=${line}`),
  ];
  const environment = [
    // mmdebstrap starts mmtarfilter, which lies beside it.
    `PATH=${dirname(from.mmdebstrap)}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
    ...['HOME=/nonexistent', 'LC_ALL=C', 'SOURCE_DATE_EPOCH=0', `TMPDIR=${to.scratch}`],
  ];
  // In a mount namespace of its own: what it mounts goes when it is killed.
  const words = [
    ...from.host.asRoot,
    'unshare',
    '--mount',
    'env',
    '-i',
    ...environment,
    'perl',
    from.mmdebstrap,
  ];
  const result = await tried`${words} ${options} ${recipe.release} ${to.tar} ${list}`;
  if (result.exitCode === 0) return;
  // mmdebstrap's own last words only say that something failed.
  const reason = result.stdall
    .split('\n')
    .find(
      (line) => /^(E:|Err:|dpkg: error)/.test(line) && !/^E: (mmdebstrap|setup) failed/.test(line),
    );
  throw new EngineError('STAND_IN_FAILED', {
    message: `The stand-in for ${recipe.reference} could not be made: ${reason ?? 'mmdebstrap gave no reason'}`,
    hint: 'Check the Debian mirror (`apt-get update`) and the free disk space, then run it again',
    stderr: result.stdall,
  });
}

async function debianSources(host: Host, release: Recipe['release']) {
  const own = host.id === 'debian' ? ownSources(await readAptSources(), host.codename) : [];
  if (own.length > 0) return sourcesOfRelease(own, host.codename, release);
  throw new EngineError('NO_MIRROR', {
    message: 'No registry answers, and apt has no Debian mirror to make stand-in images from',
    hint: 'Set NX_STAGES_REGISTRY_MIRROR to a registry that answers',
  });
}

async function writeOverlay(overlay: string, recipe: Recipe, part: HostPart): Promise<void> {
  const certificates = join(overlay, HOST_CERTIFICATES);
  const aptFolder = join(overlay, 'etc/apt/apt.conf.d');
  const bin = join(overlay, 'usr/local/bin');
  for (const folder of [certificates, aptFolder, bin]) await mkdir(folder, { recursive: true });
  for (const [name, text] of Object.entries(part.certificates)) {
    await writeFile(join(certificates, name), text, { mode: 0o644 });
  }
  await writeFile(join(aptFolder, '90host'), part.aptSettings, { mode: 0o644 });
  if (recipe.entrypoint) {
    const script = join(bin, 'docker-entrypoint.sh');
    await cp(join(entrypoints, recipe.entrypoint), script);
    await chmod(script, 0o755);
  }
}

/** Path of an mmdebstrap: the host's, else one that is unpacked into `folder` and not installed. */
export async function findMmdebstrap(
  folder: string,
  host: Host,
  log: (line: string) => void,
): Promise<string> {
  const { exitCode, stdout } = await tried`which mmdebstrap`;
  if (exitCode === 0) return stdout.trim();
  const unpacked = join(folder, 'root');
  const script = join(unpacked, 'usr/bin/mmdebstrap');
  if (await readFile(script).catch(() => undefined)) return script;
  const sources = ownSources(await readAptSources(), host.codename);
  const plan = { sources, packages: ['mmdebstrap'], preferences: '' };
  for (const deb of await downloadPackages(folder, plan, log)) {
    await shell`dpkg --extract ${deb} ${unpacked}.unfinished`;
  }
  await rename(`${unpacked}.unfinished`, unpacked);
  return script;
}
