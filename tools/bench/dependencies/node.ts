import { mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { shell } from '../../shell';
import { cache, type Files, type Language, statesOf } from './language';

const PACKAGES = ['typescript@5.9.3', 'fastify@5.2.0', 'date-fns@4.1.0', 'react-dom@19.0.0'];
/** Without dependencies of their own. */
const ADDED = [
  ...['picocolors@1.1.1', 'ms@2.1.3', 'nanoid@5.0.9', 'dequal@2.0.3'],
  ...['kleur@4.1.5', 'clsx@2.1.1', 'mri@1.2.0'],
];
const PNPM = 'pnpm@9.15.9';

const BUILDER = 'node:20-bookworm';
const RUNNER = 'node:20-bookworm-slim';

/** Makes the lock file of one state in a folder that has its package.json. */
type Lock = (folder: string, url: string) => Promise<{ file: string; packages: string[] }>;

function node(
  name: string,
  lock: Lock,
  steps: (url: string) => { toolchain: string[]; install: string[] },
  more: { others?: string[]; tools?: string[] } = {},
): Language {
  const { others = [], tools = [] } = more;
  return {
    name,
    bases: [BUILDER, RUNNER],
    others,
    async prepare(folder, url, states) {
      const scratch = mkdtempSync(join(tmpdir(), 'bench-node-'));
      const wanted = new Set(tools);
      const found: Files[] = [];
      try {
        for (const packages of statesOf(PACKAGES, ADDED, states)) {
          const manifest = manifestOf(packages);
          writeFileSync(join(scratch, 'package.json'), manifest);
          const locked = await lock(scratch, url);
          locked.packages.forEach((each) => wanted.add(each));
          const text = readFileSync(join(scratch, locked.file), 'utf8');
          found.push({ 'package.json': manifest, [locked.file]: text });
        }
        await pack([...wanted], scratch, join(folder, 'npm'));
      } finally {
        rmSync(scratch, { recursive: true, force: true });
      }
      return found;
    },
    dockerfile(url) {
      const { toolchain, install } = steps(url);
      return `FROM ${BUILDER} AS toolchain
ENV npm_config_update_notifier=false
${toolchain.join('\n')}

FROM toolchain AS builder
WORKDIR /srv
${install.join('\n')}

FROM ${RUNNER} AS runner
COPY --from=builder /srv/node_modules /srv/node_modules
COPY app /srv/app
`;
    },
  };
}

function manifestOf(packages: readonly string[]): string {
  const dependencies = Object.fromEntries(packages.map(nameAndVersion));
  return `${JSON.stringify({ name: 'app', version: '1.0.0', private: true, dependencies })}\n`;
}

function nameAndVersion(spec: string): [name: string, version: string] {
  const at = spec.lastIndexOf('@');
  return [spec.slice(0, at), spec.slice(at + 1)];
}

const pathOf = (spec: string) => {
  const [name, version] = nameAndVersion(spec);
  return `${name}/-/${name.split('/').at(-1)}-${version}.tgz`;
};

/** Fetches tarballs as they are published, to where a registry has them. */
async function pack(specs: readonly string[], scratch: string, folder: string): Promise<void> {
  const packed = join(scratch, 'packed');
  mkdirSync(packed);
  await shell`npm pack --silent --pack-destination ${packed} ${specs}`;
  const there = new Set(readdirSync(packed));
  for (const spec of specs) {
    const [name, version] = nameAndVersion(spec);
    const file = `${name.replace(/^@/, '').replace('/', '-')}-${version}.tgz`;
    if (!there.has(file)) throw new Error(`npm pack made no ${file}`);
    const target = join(folder, pathOf(spec));
    mkdirSync(dirname(target), { recursive: true });
    renameSync(join(packed, file), target);
  }
}

interface NpmLock {
  packages: Record<string, { version: string; resolved?: string }>;
}

const npmLock: Lock = async (folder, url) => {
  const file = join(folder, 'package-lock.json');
  await shell({ cwd: folder })`npm install --package-lock-only --ignore-scripts --silent`;
  const lock = JSON.parse(readFileSync(file, 'utf8')) as NpmLock;
  const packages: string[] = [];
  for (const [path, entry] of Object.entries(lock.packages)) {
    if (path === '') continue;
    const spec = `${path.split('node_modules/').at(-1)}@${entry.version}`;
    packages.push(spec);
    entry.resolved = `${url}/npm/${pathOf(spec)}`;
  }
  writeFileSync(file, `${JSON.stringify(lock, undefined, 2)}\n`);
  return { file: 'package-lock.json', packages };
};

const pnpmLock: Lock = async (folder) => {
  const args = ['exec', '--yes', `--package=${PNPM}`, '--', 'pnpm', 'install', '--lockfile-only'];
  await shell({ cwd: folder })`npm ${args}`;
  const text = readFileSync(join(folder, 'pnpm-lock.yaml'), 'utf8');
  const section = /^packages:\n([\s\S]*?)(?=^\S)/m.exec(text)![1]!;
  const packages = [...section.matchAll(/^ {2}'?([^\s':]+)'?:$/gm)].map(([, spec]) => spec!);
  return { file: 'pnpm-lock.yaml', packages };
};

export const npm = node('npm', npmLock, () => ({
  toolchain: [],
  install: [
    'COPY package.json package-lock.json ./',
    `RUN ${cache('/root/.npm')} npm ci --omit=dev --ignore-scripts --no-audit --no-fund`,
  ],
}));

const STORE = '/root/.local/share/pnpm/store';

export const pnpm = node(
  'pnpm',
  pnpmLock,
  (url) => ({
    toolchain: [`RUN npm install --global --no-audit --no-fund ${url}/npm/${pathOf(PNPM)}`],
    install: [
      'COPY package.json pnpm-lock.yaml ./',
      `RUN ${cache(STORE)} pnpm install --frozen-lockfile --prod --ignore-scripts \\`,
      `    --registry=${url}/npm/ --store-dir=${STORE} --package-import-method=copy`,
    ],
  }),
  { others: [STORE], tools: [PNPM] },
);
