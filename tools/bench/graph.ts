/** `nx run bench:graph`: what the plugin adds to building Nx's project graph, daemon off, nothing kept. */
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { buildPackage } from '../../libs/nx-stages/build.mjs';
import { workspaceRoot } from '../workspace';

const ROUNDS = Number(process.env['ROUNDS'] ?? 9);
const DOCKERFILES = 500;
const PLUGIN = '@excel2doc/nx-stages';

interface Case {
  name: string;
  limitMs: number;
  folder: string;
  /** Entry of the plugin in nx.json. */
  plugin: object;
}

const scratch = mkdtempSync(join(tmpdir(), 'bench-graph-'));
const write = (file: string, text: string) => {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
};
const git = (folder: string, ...args: string[]) =>
  execFileSync('git', ['-c', 'user.name=b', '-c', 'user.email=b@localhost', ...args], {
    cwd: folder,
  });

/** The package as users have it: beside links to what is installed here. */
async function nodeModules(): Promise<string> {
  const folder = join(scratch, 'node_modules');
  await buildPackage(join(folder, PLUGIN));
  for (const name of [
    'nx',
    '@nx/devkit',
    'typescript',
    'execa',
    'undici',
    '@swc/core',
    '@swc-node/register',
  ]) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    symlinkSync(join(workspaceRoot, 'node_modules', name), join(folder, name));
  }
  cpSync(join(workspaceRoot, 'libs/nx-stages/node_modules/yaml'), join(folder, 'yaml'), {
    recursive: true,
  });
  return folder;
}

/** This repository's own files. */
function thisRepository(folder: string): void {
  const list = execFileSync('git', ['ls-files', '-z'], { cwd: workspaceRoot, encoding: 'utf8' });
  for (const file of list.split('\0').filter(Boolean))
    cpSync(join(workspaceRoot, file), join(folder, file));
}

/** Services in the shapes that workspaces have: several stages, a library beside, a Compose file each ten. */
function generated(folder: string): void {
  const manifest = { name: 'many', private: true };
  write(join(folder, 'package.json'), JSON.stringify(manifest));
  write(join(folder, 'nx.json'), '{}');
  for (let at = 0; at < DOCKERFILES; at++) {
    const root = join(folder, 'services', `s${at}`);
    write(join(root, 'package.json'), JSON.stringify({ name: `s${at}` }));
    write(join(root, 'src/main.py'), `print(${at})\n`);
    write(
      join(root, 'Dockerfile'),
      [
        'FROM python:3.12-slim AS base',
        'ENV PATH=/opt/venv/bin:$PATH',
        'FROM base AS deps',
        'COPY requirements.txt .',
        'RUN --mount=type=cache,target=/root/.cache/pip pip install -r requirements.txt',
        'FROM base AS runner',
        'COPY --from=deps /opt/venv /opt/venv',
        'COPY src ./src',
        'CMD ["python", "src/main.py"]',
        '',
      ].join('\n'),
    );
    if (at % 10 === 0) write(join(root, 'compose.yaml'), `services: { s${at}: { build: . } }\n`);
  }
}

/** Milliseconds that `nx show projects` takes with a graph made anew. */
function graphMs({ folder, plugin }: Case, withPlugin: boolean): number {
  const nxJson = JSON.parse(readFileSync(join(folder, 'nx.json'), 'utf8'));
  nxJson.plugins = withPlugin ? [plugin] : [];
  writeFileSync(join(folder, 'nx.json'), JSON.stringify(nxJson));
  rmSync(join(folder, '.nx'), { recursive: true, force: true });
  const start = performance.now();
  execFileSync(
    process.execPath,
    [join(scratch, 'node_modules/nx/dist/bin/nx.js'), 'show', 'projects'],
    {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, NX_DAEMON: 'false', NX_CACHE_PROJECT_GRAPH: 'false', CI: 'true' },
    },
  );
  return performance.now() - start;
}

interface Result {
  name: string;
  limitMs: number;
  /** Least time of all rounds. */
  withoutMs: number;
  withMs: number;
  addedMs: number;
  times: { without: number[]; with: number[] };
}

function report(results: Result[]): void {
  const folder = join(workspaceRoot, 'docs', 'benchmarks');
  const machine = `${cpus().length} cores (${cpus()[0]?.model}), Node ${process.version}`;
  const lines = results.map(({ name, addedMs, limitMs, withoutMs }) => {
    const share = ((100 * addedMs) / withoutMs).toFixed(0);
    return `| ${name} | ${addedMs.toFixed(0)} ms (${share} %) | ${limitMs} ms |`;
  });
  const page = [
    '# The project graph: what the plugin adds',
    '',
    `\`nx show projects\` with a graph made anew, Nx's daemon off, with the plugin less without it: the least of ${ROUNDS} rounds each, taken in turns. ${machine}. Made by \`npx nx run bench:graph\`; the single times are in graph.json.`,
    '',
    '| workspace | the plugin adds | limit |',
    '| --- | --- | --- |',
    ...lines,
    '',
  ].join('\n');
  writeFileSync(join(folder, 'graph.md'), page);
  const data = { rounds: ROUNDS, machine, results };
  writeFileSync(join(folder, 'graph.json'), `${JSON.stringify(data, undefined, 2)}\n`);
  console.log(page);
  const over = results.filter(({ addedMs, limitMs }) => addedMs > limitMs);
  if (over.length > 0) process.exitCode = 1;
}

async function main(): Promise<void> {
  const modules = await nodeModules();
  const cases: Case[] = [
    {
      ...{ name: 'this repository', limitMs: 50, folder: join(scratch, 'repository') },
      plugin: { plugin: PLUGIN, include: ['apps/**', 'docker/**'] },
    },
    {
      ...{ name: `${DOCKERFILES} Dockerfiles`, limitMs: 300, folder: join(scratch, 'generated') },
      plugin: { plugin: PLUGIN },
    },
  ];
  thisRepository(join(scratch, 'repository'));
  generated(join(scratch, 'generated'));
  const rows = cases.map((each) => {
    symlinkSync(modules, join(each.folder, 'node_modules'));
    write(join(each.folder, '.gitignore'), 'node_modules\n.nx\ndist\n');
    git(each.folder, 'init', '-q');
    git(each.folder, 'add', '-A');
    git(each.folder, 'commit', '-qm', 'bench');
    const times = { without: [] as number[], with: [] as number[] };
    // Taken in turn, so that what else the machine does meets both alike.
    for (let round = 0; round < ROUNDS; round++) {
      times.without.push(graphMs(each, false));
      times.with.push(graphMs(each, true));
    }
    const [without, withPlugin] = [Math.min(...times.without), Math.min(...times.with)];
    const addedMs = withPlugin - without;
    console.log(`${each.name}: ${without.toFixed(0)} + ${addedMs.toFixed(0)} ms`);
    return {
      name: each.name,
      limitMs: each.limitMs,
      withoutMs: without,
      withMs: withPlugin,
      addedMs,
      times,
    };
  });
  report(rows);
  rmSync(scratch, { recursive: true });
}

void main();
