import { SyntaxProblem } from '../syntax/words';

const architectures: Record<string, string> = {
  x86_64: 'amd64',
  'x86-64': 'amd64',
  i386: '386',
  i686: '386',
  aarch64: 'arm64',
  armhf: 'arm/v7',
  armel: 'arm/v6',
};

/** `linux/arm64/v8` -> `linux/arm64`, `amd64` -> `linux/amd64`: containerd's normal form. */
export function normalPlatform(platform: string): string {
  const parts = platform.toLowerCase().split('/');
  if (parts.length > 3 || parts.some((part) => !/^[a-z0-9_.-]+$/.test(part)))
    throw new SyntaxProblem(`failed to parse platform ${platform}`);
  if (parts.length === 1) parts.unshift('linux');
  const [os = '', machine = '', variant] = parts;
  const [architecture = machine, implied] = (architectures[machine] ?? machine).split('/');
  let version = variant ?? implied;
  if (architecture === 'arm') version = (version ?? 'v7').replace(/^(?=\d)/, 'v');
  if (architecture === 'arm64' && (version === 'v8' || version === '8')) version = undefined;
  if (architecture === 'amd64' && version === 'v1') version = undefined;
  return [os === 'macos' ? 'darwin' : os, architecture, ...(version ? [version] : [])].join('/');
}

/** The automatic ARGs: BUILDPLATFORM, TARGETARCH and so on. */
export function platformArgs(target: string, build: string, stage: string): Map<string, string> {
  const args = new Map<string, string>();
  for (const [prefix, platform] of [
    ['BUILD', build],
    ['TARGET', target],
  ] as const) {
    const [os = '', architecture = '', variant = ''] = platform.split('/');
    args.set(`${prefix}PLATFORM`, platform);
    args.set(`${prefix}OS`, os);
    args.set(`${prefix}OSVERSION`, '');
    args.set(`${prefix}ARCH`, architecture);
    args.set(`${prefix}VARIANT`, variant);
  }
  return args.set('TARGETSTAGE', stage === '' ? 'default' : stage);
}
