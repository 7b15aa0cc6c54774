import type { Kind, ProjectFacts, ProjectFiles } from './project-kind';

const DEFAULT_VERSION = '24';
const DEFAULT_PNPM = '10';
const DEFAULT_PORT = 3000;

interface Manifest {
  main?: string;
  scripts?: Record<string, string>;
  engines?: Record<string, string>;
  packageManager?: string;
}

/** Node: its scripts say whether it is built, and what starts it. */
export function nodeFacts(files: ProjectFiles, kind: Kind): ProjectFacts {
  const manifest = JSON.parse(files.read('package.json') ?? '{}') as Manifest;
  const { main, scripts = {}, engines = {}, packageManager = '' } = manifest;
  const lock = kind === 'node-pnpm' ? 'pnpm-lock.yaml' : 'package-lock.json';
  // What npm and pnpm read before they install: registries, patches of settings.
  const settings = ['.npmrc', 'pnpm-workspace.yaml'].filter(
    (file) => files.has(file) && (kind === 'node-pnpm' || file === '.npmrc'),
  );
  const wanted = files.read('.nvmrc') ?? engines['node'] ?? '';
  const pnpm = /^pnpm@(\d+(\.\d+){0,2})/.exec(packageManager)?.[1];
  return {
    kind,
    version: /\d+/.exec(wanted)?.[0] ?? DEFAULT_VERSION,
    command: startOf(scripts['start'], main),
    port: DEFAULT_PORT,
    manifests: [lock, 'package.json', ...settings],
    ...(scripts['build'] !== undefined && { buildFolder: buildFolderOf(files, main) }),
    ...(kind === 'node-pnpm' && { detail: pnpm ?? DEFAULT_PNPM }),
  };
}

/** `node server.js` runs as it stands: npm in between would keep signals from it. */
function startOf(start = '', main = 'index.js'): string[] {
  const isPlain = /^node(\s+[\w./=:@-]+)+$/.test(start.trim());
  return isPlain ? start.trim().split(/\s+/) : ['node', main];
}

function buildFolderOf(files: ProjectFiles, main = ''): string {
  const outDir = /"outDir"\s*:\s*"\.?\/?([\w.-]+)/.exec(files.read('tsconfig.json') ?? '')?.[1];
  const [, first] = /^(?:\.\/)?([\w.-]+)\//.exec(main) ?? [];
  return outDir ?? first ?? 'dist';
}
