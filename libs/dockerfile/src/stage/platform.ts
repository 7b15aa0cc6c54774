import type { RuleSet } from '../rules';
import { SyntaxProblem } from '../syntax/words';

const architectures = new Map([
  ['x86_64', 'amd64'],
  ['x86-64', 'amd64'],
  ['i386', '386'],
  ['i686', '386'],
  ['aarch64', 'arm64'],
  ['armhf', 'arm'],
  ['armel', 'arm'],
]);

/** The variant of what says it by its name, whatever stands behind. */
const named = new Map([
  ['i386', ''],
  ['armhf', 'v7'],
  ['armel', 'v6'],
]);

/** Other spellings of variants, behind their architecture; nothing is the one that it has by itself. */
const variants = new Map([
  ['amd64/v1', ''],
  ...['8', 'v8', 'v8.0'].map((same) => [`arm64/${same}`, ''] as const),
  ...['9', '9.0', 'v9.0'].map((same) => [`arm64/${same}`, 'v9'] as const),
  ['arm/', 'v7'],
  ...['5', '6', '7', '8'].map((same) => [`arm/${same}`, `v${same}`] as const),
]);

const machines: Record<string, string> = { x64: 'amd64', ia32: '386' };

/** Linux, and the architecture of this machine. */
export function machinePlatform(): string {
  return `linux/${machines[process.arch] ?? process.arch}`;
}

const systems =
  /^(?:aix|android|darwin|dragonfly|freebsd|hurd|illumos|ios|js|linux|macos|nacl|netbsd|openbsd|plan9|solaris|windows|zos)$/;
const processors =
  /^(?:386|amd64(?:p32)?|arm(?:be|64|64be)?|loong64|mips(?:le|64|64le|64p32|64p32le)?|ppc(?:64|64le)?|riscv(?:64)?|s390x?|sparc(?:64)?|wasm)$/;

/**
 * `linux/arm64/v8` -> `linux/arm64`, `amd64` -> `linux/amd64`: containerd's normal form.
 *
 * @see https://github.com/containerd/platforms database.go (normalizeOS, normalizeArch)
 */
export function normalPlatform(platform: string): string {
  const parts = platform.toLowerCase().split('/');
  if (parts.length > 3 || parts.some((part) => !/^[a-z0-9_.-]+$/.test(part)))
    throw new SyntaxProblem(`failed to parse platform ${platform}`);
  if (parts.length === 1) {
    const [only = ''] = parts;
    if (systems.test(only)) parts.push(machinePlatform().slice('linux/'.length));
    else if (processors.test(only) || architectures.has(only)) parts.unshift('linux');
    else throw new SyntaxProblem(`"${platform}": unknown operating system or architecture`);
  }
  const [os = '', machine = '', written = ''] = parts;
  const architecture = architectures.get(machine) ?? machine;
  const given = named.get(machine) ?? written;
  const variant = variants.get(`${architecture}/${given}`) ?? given;
  return [os === 'macos' ? 'darwin' : os, architecture, ...(variant ? [variant] : [])].join('/');
}

/** The automatic ARGs: BUILDPLATFORM, TARGETARCH and so on. */
export function platformArgs(
  target: string,
  build: string,
  stage: string,
  rules: RuleSet,
): Map<string, string> {
  const args = new Map<string, string>();
  for (const [prefix, platform] of [
    ['BUILD', build],
    ['TARGET', target],
  ] as const) {
    const [os = '', architecture = '', variant = ''] = platform.split('/');
    args.set(`${prefix}PLATFORM`, platform);
    args.set(`${prefix}OS`, os);
    if (rules >= 34) args.set(`${prefix}OSVERSION`, '');
    args.set(`${prefix}ARCH`, architecture);
    args.set(`${prefix}VARIANT`, variant);
  }
  return rules >= 34 ? args.set('TARGETSTAGE', stage === '' ? 'default' : stage) : args;
}
