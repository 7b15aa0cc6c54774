import { HEALTH_TIMES, bindMounts, cacheMount, cmd, run } from './instructions';
import type { ProjectFacts } from './project-kind';

/** deps holds what runs, build what the build script makes; runner takes both, and no npm. */
export function nodeDockerfile(facts: ProjectFacts): string {
  const { version, command, port, buildFolder } = facts;
  const full = `node:${version}-bookworm`;
  const build = buildFolder
    ? [
        '',
        `FROM ${full} AS build`,
        ...prepare(facts),
        ...install(facts, 'all'),
        'COPY . .',
        'RUN npm run build',
      ]
    : [];
  return [
    `# Stage graph: ${buildFolder ? 'deps, build -> runner' : 'deps -> runner'}. What only builds stays behind.`,
    '',
    `FROM ${full} AS deps`,
    ...prepare(facts),
    ...install(facts, 'production'),
    ...build,
    '',
    `FROM ${full}-slim AS runner`,
    'ENV NODE_ENV=production',
    'WORKDIR /srv/app',
    'COPY --from=deps /src/node_modules node_modules',
    ...(buildFolder
      ? ['COPY package.json ./', `COPY --from=build /src/${buildFolder} ${buildFolder}`]
      : ['COPY . .']),
    'USER node',
    ...(port === undefined ? [] : [`EXPOSE ${port}`, ...healthcheck(facts, port)]),
    cmd(command),
    '',
  ].join('\n');
}

function prepare({ kind, detail }: ProjectFacts): string[] {
  const pnpm = `npm install --global --no-audit --no-fund pnpm@${detail}`;
  return [...(kind === 'node-pnpm' ? run([pnpm], [cacheMount('/root/.npm')]) : []), 'WORKDIR /src'];
}

/** npm and pnpm make no node_modules where there is nothing to put into it. */
const FOLDER = 'mkdir -p node_modules';

function install({ kind, manifests }: ProjectFacts, which: 'all' | 'production'): string[] {
  const production = which === 'production';
  if (kind === 'node-npm') {
    const words = ['npm ci --no-audit --no-fund', ...(production ? ['--omit=dev'] : [])];
    return run([words.join(' '), FOLDER], [cacheMount('/root/.npm'), ...bindMounts(manifests)]);
  }
  const words = ['pnpm install --frozen-lockfile', ...(production ? ['--prod'] : [])];
  return run(
    // pnpm may write its lock file anew, with the same content; a mount cannot be replaced.
    ['cp -R /lock/. .', `${words.join(' ')} --store-dir /root/.pnpm-store`, FOLDER],
    [cacheMount('/root/.pnpm-store'), ...bindMounts(manifests, '/lock')],
  );
}

function healthcheck({ healthPath }: ProjectFacts, port: number): string[] {
  const ask =
    healthPath === undefined
      ? `require('node:net').connect(${port}, '127.0.0.1').on('connect', () => process.exit(0)).on('error', () => process.exit(1))`
      : `fetch('http://127.0.0.1:${port}${healthPath}').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))`;
  return [`HEALTHCHECK ${HEALTH_TIMES} \\`, `  ${cmd(['node', '-e', ask])}`];
}
