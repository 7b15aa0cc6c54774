import { copyFile, mkdir, readFile, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { EngineError } from '@excel2doc/engine';
import { downloadPackages } from './apt';
import { ownSources, readAptSources } from './apt-sources';
import { shell, tried } from '../shell';
import { engineFolder } from './folder';
import { type Host, detectHost } from './host';
import { isThere } from './tree';

const BINFMT = '/proc/sys/fs/binfmt_misc';

interface Emulated {
  /** As qemu calls it. */
  machine: string;
  /** e_machine of elf(5), the low byte first. */
  elf: string;
}

/** Architectures whose programs can be run here by qemu-user, as Docker calls them. */
const EMULATED: Record<string, Emulated> = {
  arm64: { machine: 'aarch64', elf: '\\xb7\\x00' },
  amd64: { machine: 'x86_64', elf: '\\x3e\\x00' },
};

/**
 * The line that makes the kernel run an architecture's ELF programs by `interpreter`. `F` has it opened
 * now, so that it is found in containers, too.
 *
 * @see Documentation/admin-guide/binfmt-misc.rst of the Linux kernel
 */
export function registration(architecture: string, interpreter: string): string {
  const { machine, elf } = emulated(architecture);
  const identification = `\\x7fELF\\x02\\x01\\x01${'\\x00'.repeat(9)}`;
  // An executable or a shared object (a position-independent one), for any ABI.
  const magic = `${identification}\\x02\\x00${elf}`;
  const mask = `${'\\xff'.repeat(7)}\\x00${'\\xff'.repeat(8)}\\xfe\\xff\\xff\\xff`;
  return `:excel2doc-${machine}:M::${magic}:${mask}:${interpreter}:F`;
}

/** Whether the kernel runs programs of this architecture by an interpreter. */
export async function isEmulated(architecture: string): Promise<boolean> {
  const { machine } = emulated(architecture);
  const names = await readdir(BINFMT).catch((): string[] => []);
  for (const name of names.filter((each) => each.endsWith(machine))) {
    const text = await readFile(join(BINFMT, name), 'utf8').catch(() => '');
    if (text.startsWith('enabled')) return true;
  }
  return false;
}

/**
 * Has this machine run programs of another architecture, by Debian's qemu-user-static, unpacked into the
 * engine's folder. It holds until the next reboot.
 *
 * @param architecture `arm64`
 * @returns whether it was done now
 * @throws EngineError `UNSUPPORTED_HOST`, `NO_ROOT`, `NO_MIRROR`
 */
export async function ensureEmulation(
  architecture: string,
  { log }: { log: (line: string) => void },
): Promise<boolean> {
  if (await isEmulated(architecture)) return false;
  const host = await detectHost();
  const interpreter = await unpackQemu(architecture, host, log);
  const line = registration(architecture, interpreter);
  const script = [
    `[ -e ${BINFMT}/register ] || mount -t binfmt_misc binfmt_misc ${BINFMT}`,
    'printf %s "$1" > "$0"',
  ].join(' && ');
  const entry = join(BINFMT, 'register');
  const { exitCode, stdall } = await tried`${host.asRoot} sh -c ${script} ${entry} ${line}`;
  if (exitCode === 0) return true;
  throw new EngineError('UNSUPPORTED_HOST', {
    message: `The kernel takes no interpreter for ${architecture}: ${stdall.trim().split('\n').at(-1)}`,
    hint: 'Name a native builder for the platform with the option builders of @excel2doc/nx-stages',
    stderr: stdall,
  });
}

async function unpackQemu(
  architecture: string,
  host: Host,
  log: (line: string) => void,
): Promise<string> {
  const program = `qemu-${emulated(architecture).machine}-static`;
  const { folder } = engineFolder();
  const target = join(folder, 'qemu', program);
  if (await isThere(target)) return target;
  const download = join(folder, 'qemu.download');
  const sources = ownSources(await readAptSources(), host.codename);
  const plan = { sources, packages: ['qemu-user-static'], preferences: '' };
  const [deb] = await downloadPackages(download, plan, log);
  const unpacked = join(download, 'root');
  await shell`dpkg --extract ${deb!} ${unpacked}`;
  await mkdir(dirname(target), { recursive: true });
  // Of fifty architectures one is wanted.
  await copyFile(join(unpacked, 'usr', 'bin', program), `${target}.new`);
  await rename(`${target}.new`, target);
  await rm(download, { recursive: true, force: true });
  return target;
}

/** Takes back what `ensureEmulation` registered. False if there was nothing. */
export async function removeEmulation(architecture: string): Promise<boolean> {
  const entry = join(BINFMT, `excel2doc-${emulated(architecture).machine}`);
  if (!(await isThere(entry))) return false;
  const { asRoot } = await detectHost();
  await shell`${asRoot} sh -c 'echo -1 > "$0"' ${entry}`;
  return true;
}

function emulated(architecture: string): Emulated {
  const found = EMULATED[architecture];
  if (found) return found;
  throw new EngineError('UNSUPPORTED_HOST', {
    message: `${architecture || 'no architecture'}: these can be emulated: ${Object.keys(EMULATED).join(', ')}`,
    hint: 'Name one of them',
  });
}
