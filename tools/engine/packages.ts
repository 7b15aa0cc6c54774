import { type AptSource, ownSources, sourcesOfRelease } from './apt-sources';
import type { Host } from './host';

/** Which packages an engine is unpacked from, and where apt finds them. */
export interface PackagePlan {
  sources: AptSource[];
  packages: string[];
  /** apt_preferences(5): which release each package comes from. */
  preferences: string;
}

/** The first Debian whose Docker (26.1.5) exports OCI layouts and takes named contexts. */
const DEBIAN_RELEASE = 'trixie';
/** Runs trixie's programs, and has a Docker of its own that is too old (20.10). */
const DEBIAN_BEFORE = 'bookworm';

/**
 * Tied to the host's libc: trixie's runc wants glibc 2.38, and iptables has to fit its own
 * libraries. So these come from the host's own release. The daemon's other programs run on glibc
 * 2.34, Debian 12's and Ubuntu 22.04's.
 */
const HOST_BOUND = [
  ...['runc', 'tini', 'iptables', 'libip4tc2', 'libip6tc2', 'libxtables12', 'libmnl0'],
  ...['libnetfilter-conntrack3', 'libnfnetlink0', 'libnftnl11'],
];

/**
 * The packages for `host`, from the archives that its apt already uses. Ubuntu's own releases keep
 * a recent Docker in their updates; Debian 12's is too old, so it takes trixie's from the same
 * mirror. Undefined when apt has no source of the host's release.
 */
export function planPackages(host: Host, sources: AptSource[]): PackagePlan | undefined {
  const own = ownSources(sources, host.codename);
  if (own.length === 0) return undefined;
  if (host.id === 'ubuntu') {
    return {
      sources: own,
      packages: ['docker.io', 'docker-buildx', 'docker-compose-v2', 'containerd', ...HOST_BOUND],
      preferences: '',
    };
  }
  const engine = ['docker.io', 'docker-cli', 'docker-buildx', 'docker-compose', 'containerd'];
  if (host.codename !== DEBIAN_BEFORE) {
    return { sources: own, packages: [...engine, ...HOST_BOUND], preferences: '' };
  }
  return {
    sources: [...own, ...sourcesOfRelease(own, host.codename, DEBIAN_RELEASE)],
    packages: [...engine, ...HOST_BOUND],
    preferences: prefer(engine),
  };
}

/** Takes only `packages` from the newer release, and those in its newest version there. */
function prefer(packages: string[]): string {
  const pin = (names: string, priority: number) => [
    `Package: ${names}`,
    `Pin: release n=${DEBIAN_RELEASE}*`,
    `Pin-Priority: ${priority}`,
    '',
  ];
  return [...pin('*', 100), ...pin(packages.join(' '), 900)].join('\n');
}
