import { join } from 'node:path';
import { workspaceRoot } from '../workspace';

/** Folder of the entrypoints' scripts. */
export const entrypoints = join(workspaceRoot, 'tools', 'bases', 'entrypoints');

/** How a stand-in for an official image is made from Debian's packages. */
export interface Recipe {
  reference: string;
  /** Debian release that the packages come from. */
  release: 'bookworm' | 'trixie';
  packages: string[];
  /** Shell, run with "$1" as the new root, before the packages are installed. */
  before: string[];
  /** The same, after. */
  after: string[];
  /** Name of a script in entrypoints/. */
  entrypoint?: 'postgres.sh' | 'redis.sh';
  /** The `config` of OCI image-spec config.md, less what every stand-in has. */
  config: ImageConfig;
}

export interface ImageConfig {
  Env?: string[];
  Entrypoint?: string[];
  Cmd?: string[];
  WorkingDir?: string;
  Volumes?: Record<string, Record<string, never>>;
  ExposedPorts?: Record<string, Record<string, never>>;
  StopSignal?: string;
  Labels?: Record<string, string>;
}

/** Makes Debian's Python look like the official image's: its names, and a pip that installs. */
const LIKE_OFFICIAL_PYTHON = [
  'ln -s /usr/bin/python3 "$1/usr/local/bin/python3"',
  'ln -s /usr/bin/python3 "$1/usr/local/bin/python"',
  'rm -f "$1"/usr/lib/python3.*/EXTERNALLY-MANAGED',
];

const CA_BUNDLE = '/etc/ssl/certs/ca-certificates.crt';

/** The user that the official image has beside root. */
const LIKE_OFFICIAL_NODE = [
  `echo 'node:x:1000:1000::/home/node:/bin/bash' >> "$1/etc/passwd"`,
  `echo 'node:x:1000:' >> "$1/etc/group"`,
  `echo 'node:!:::::::' >> "$1/etc/shadow"`,
  'install -d -o 1000 -g 1000 "$1/home/node"',
];
/** Its packages link their manuals, which are left out with the folder. */
const JAVA_MANUALS = ['mkdir -p "$1/usr/share/man/man1"'];

const NODE_CA = `NODE_EXTRA_CA_CERTS=${CA_BUNDLE}`;

/** Its installation links manual pages, for which stand-ins have no folder. */
const FOR_JAVA = ['mkdir -p "$1/usr/share/man/man1"'];

/** The official images' uid, so that a volume serves both. */
function serviceUser(name: string, home: string): string[] {
  return [
    `echo '${name}:x:999:999::${home}:/bin/sh' >> "$1/etc/passwd"`,
    `echo '${name}:x:999:' >> "$1/etc/group"`,
    `echo '${name}:!:::::::' >> "$1/etc/shadow"`,
  ];
}

const ENTRYPOINT = ['docker-entrypoint.sh'];

export const RECIPES: readonly Recipe[] = [
  {
    reference: 'python:3.12-bookworm',
    release: 'bookworm',
    packages: ['python3', 'python3-venv', 'python3-pip', 'python3-dev'],
    before: [],
    after: LIKE_OFFICIAL_PYTHON,
    config: { Cmd: ['python3'] },
  },
  {
    reference: 'python:3.12-slim-bookworm',
    release: 'bookworm',
    packages: ['python3', 'python3-venv'],
    before: [],
    after: LIKE_OFFICIAL_PYTHON,
    config: { Cmd: ['python3'] },
  },
  {
    reference: 'postgres:17-bookworm',
    release: 'trixie',
    packages: ['postgresql-17'],
    before: [
      ...serviceUser('postgres', '/var/lib/postgresql'),
      'mkdir -p "$1/etc/postgresql-common"',
      'echo "create_main_cluster = false" > "$1/etc/postgresql-common/createcluster.conf"',
    ],
    after: [
      // A key that the package ssl-cert makes: secret to nobody, and another one in each build.
      'rm -f "$1/etc/ssl/private/ssl-cert-snakeoil.key" "$1/etc/ssl/certs/ssl-cert-snakeoil.pem"',
      'find "$1/etc/ssl/certs" -xtype l -delete',
      `sed -i "s/^#listen_addresses = .*/listen_addresses = '*'/" "$1/usr/share/postgresql/17/postgresql.conf.sample"`,
      // The name of a temporary file, which ucf remembers.
      'sed -i "/^ NEW = /d" "$1/var/cache/debconf/config.dat"',
      'mkdir -p "$1/docker-entrypoint-initdb.d"',
      'rm -rf "$1/var/lib/postgresql/17"',
    ],
    entrypoint: 'postgres.sh',
    config: {
      Env: ['PGDATA=/var/lib/postgresql/data', 'PG_MAJOR=17'],
      Entrypoint: ENTRYPOINT,
      Cmd: ['postgres'],
      Volumes: { '/var/lib/postgresql/data': {} },
      ExposedPorts: { '5432/tcp': {} },
      // PostgreSQL's fast shutdown; at SIGTERM it would wait for its clients.
      StopSignal: 'SIGINT',
    },
  },
  {
    reference: 'redis:7-bookworm',
    release: 'bookworm',
    packages: ['redis-server'],
    before: serviceUser('redis', '/data'),
    after: ['mkdir -p "$1/data"', 'chown 999:999 "$1/data"'],
    entrypoint: 'redis.sh',
    config: {
      Entrypoint: ENTRYPOINT,
      Cmd: ['redis-server'],
      WorkingDir: '/data',
      Volumes: { '/data': {} },
      ExposedPorts: { '6379/tcp': {} },
    },
  },
];

/** Only tests and benchmarks build on these; they are made when somebody asks. */
export const TEST_RECIPES: readonly Recipe[] = [
  {
    reference: 'node:20-bookworm',
    release: 'trixie',
    packages: ['nodejs', 'npm'],
    before: [],
    after: LIKE_OFFICIAL_NODE,
    config: { Env: [NODE_CA], Cmd: ['node'] },
  },
  {
    reference: 'node:20-bookworm-slim',
    release: 'trixie',
    packages: ['nodejs'],
    before: [],
    after: LIKE_OFFICIAL_NODE,
    config: { Env: [NODE_CA], Cmd: ['node'] },
  },
  {
    reference: 'golang:1.23-bookworm',
    release: 'trixie',
    packages: ['golang-go'],
    before: [],
    after: ['mkdir -p "$1/go"'],
    config: { Env: ['GOPATH=/go', 'GOTOOLCHAIN=local'], WorkingDir: '/go', Cmd: ['bash'] },
  },
  {
    // Cargo of bookworm asks for all of crates.io at once.
    reference: 'rust:1-bookworm',
    release: 'trixie',
    packages: ['cargo', 'libssl-dev', 'pkg-config'],
    before: [],
    after: [],
    config: { Env: ['CARGO_HOME=/usr/local/cargo', 'RUST_VERSION=1.85.0'], Cmd: ['bash'] },
  },
  {
    // What the one above links is there.
    reference: 'debian:bookworm-slim',
    release: 'trixie',
    packages: [],
    before: [],
    after: [],
    config: { Cmd: ['bash'] },
  },
  {
    reference: 'maven:3.9-eclipse-temurin-21',
    release: 'trixie',
    packages: ['maven', 'openjdk-21-jdk-headless'],
    before: JAVA_MANUALS,
    after: [],
    config: { Cmd: ['mvn'] },
  },
  {
    reference: 'eclipse-temurin:21-jre',
    release: 'trixie',
    packages: ['openjdk-21-jre-headless'],
    before: JAVA_MANUALS,
    after: [],
    config: { Cmd: ['java'] },
  },
  {
    reference: 'maven:3.9-eclipse-temurin-17',
    release: 'bookworm',
    packages: ['openjdk-17-jdk-headless', 'maven'],
    before: FOR_JAVA,
    after: [],
    config: { Cmd: ['mvn'] },
  },
  {
    reference: 'gradle:4-jdk17',
    release: 'bookworm',
    packages: ['openjdk-17-jdk-headless', 'gradle'],
    before: FOR_JAVA,
    after: [],
    config: { Cmd: ['gradle'] },
  },
];

/** `recipe.config` with what every stand-in has: the host's CAs in use, and a label that says it. */
export function configOf(recipe: Recipe): ImageConfig {
  const path = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
  if (recipe.reference.startsWith('postgres:')) path.unshift('/usr/lib/postgresql/17/bin');
  return {
    ...recipe.config,
    Env: [
      `PATH=${path.join(':')}`,
      'LANG=C.UTF-8',
      ...['SSL_CERT_FILE', 'PIP_CERT', 'REQUESTS_CA_BUNDLE'].map((name) => `${name}=${CA_BUNDLE}`),
      ...(recipe.config.Env ?? []),
    ],
    Labels: {
      'org.excel2doc.stand-in': recipe.reference,
      'org.opencontainers.image.title': `Stand-in for ${recipe.reference}, made of Debian ${recipe.release} packages`,
    },
  };
}
