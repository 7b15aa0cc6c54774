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
import { cpus, loadavg, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { packedPlugin } from '../packed-plugin';
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

/** Of one graph that is made anew. */
interface Cost {
  wallMs: number;
  /** Of the process that makes it. */
  cpuMs: number;
}

const MAKE_GRAPH = `
  const { createProjectGraphAsync } = require('@nx/devkit');
  (async () => {
    const [start, used] = [performance.now(), process.cpuUsage()];
    await createProjectGraphAsync({ exitOnError: true });
    const { user, system } = process.cpuUsage(used);
    console.log(JSON.stringify({ wallMs: performance.now() - start, cpuMs: (user + system) / 1000 }));
    process.exit();
  })();`;

/** @param isolated Nx's default: a process for each plugin, which Nx starts for as long as the graph takes */
function graphCost({ folder, plugin }: Case, withPlugin: boolean, isolated: boolean): Cost {
  const nxJson = JSON.parse(readFileSync(join(folder, 'nx.json'), 'utf8'));
  nxJson.plugins = withPlugin ? [plugin] : [];
  writeFileSync(join(folder, 'nx.json'), JSON.stringify(nxJson));
  const output = execFileSync(process.execPath, ['-e', MAKE_GRAPH], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
    env: {
      ...process.env,
      NX_DAEMON: 'false',
      NX_CACHE_PROJECT_GRAPH: 'false',
      CI: 'true',
      NX_ISOLATE_PLUGINS: String(isolated),
      NX_WORKSPACE_ROOT_PATH: folder,
    },
  });
  return JSON.parse(output.trim().split('\n').at(-1) ?? '') as Cost;
}

interface Result {
  name: string;
  limitMs: number;
  /** Without the plugin, in one process. */
  emptyMs: number;
  addedCpuMs: number;
  addedMs: number;
  /** With a process for the plugin. */
  addedIsolatedMs: number;
  costs: Record<'inProcess' | 'isolated', { without: Cost[]; with: Cost[] }>;
}

const least = (costs: Cost[], key: keyof Cost) => Math.min(...costs.map((cost) => cost[key]));

function measure(each: Case): Result {
  const costs = {
    inProcess: { without: [], with: [] },
    isolated: { without: [], with: [] },
  } as Result['costs'];
  graphCost(each, true, false);
  // Taken in turn, so that what else the machine does meets all alike.
  for (let round = 0; round < ROUNDS; round++) {
    for (const mode of ['inProcess', 'isolated'] as const) {
      costs[mode].without.push(graphCost(each, false, mode === 'isolated'));
      costs[mode].with.push(graphCost(each, true, mode === 'isolated'));
    }
  }
  const added = (mode: keyof typeof costs, key: keyof Cost) =>
    least(costs[mode].with, key) - least(costs[mode].without, key);
  return {
    name: each.name,
    limitMs: each.limitMs,
    costs,
    emptyMs: least(costs.inProcess.without, 'wallMs'),
    addedCpuMs: added('inProcess', 'cpuMs'),
    addedMs: added('inProcess', 'wallMs'),
    addedIsolatedMs: added('isolated', 'wallMs'),
  };
}

function report(results: Result[]): void {
  const folder = join(workspaceRoot, 'docs', 'benchmarks');
  const load = loadavg()[0]?.toFixed(1);
  const machine = `${cpus().length} cores (${cpus()[0]?.model}), load ${load}, Node ${process.version}`;
  const ms = (value: number) => `${value.toFixed(0)} ms`;
  const lines = results.map(
    (each) =>
      `| ${each.name} | ${ms(each.addedCpuMs)} | ${ms(each.addedMs)} | ${ms(each.addedIsolatedMs)} | ${ms(each.limitMs)} |`,
  );
  const page = [
    '# The project graph: what the plugin adds',
    '',
    `A graph made anew (not the first one in its workspace), Nx's daemon off, with the plugin less without it: the least of ${ROUNDS} rounds each, taken in turns. Processor time is what counts where other work runs on the machine; Nx's own default gives each plugin a process, whose start is in the last column. ${machine}. Made by \`npx nx run bench:graph\`; the single times are in graph.json.`,
    '',
    '| workspace | processor time | wall time | wall time, a process for the plugin | limit |',
    '| --- | --- | --- | --- | --- |',
    ...lines,
    '',
  ].join('\n');
  writeFileSync(join(folder, 'graph.md'), page);
  const data = { rounds: ROUNDS, machine, results };
  writeFileSync(join(folder, 'graph.json'), `${JSON.stringify(data, undefined, 2)}\n`);
  console.log(page);
  if (results.some(({ addedCpuMs, limitMs }) => addedCpuMs > limitMs)) process.exitCode = 1;
}

function main(): void {
  const modules = join(scratch, 'node_modules');
  packedPlugin(modules);
  const cases: Case[] = [
    {
      name: 'this repository',
      limitMs: 50,
      folder: join(scratch, 'repository'),
      plugin: { plugin: PLUGIN, include: ['apps/**', 'docker/**'] },
    },
    {
      name: `${DOCKERFILES} Dockerfiles`,
      limitMs: 300,
      folder: join(scratch, 'generated'),
      plugin: { plugin: PLUGIN },
    },
  ];
  thisRepository(join(scratch, 'repository'));
  generated(join(scratch, 'generated'));
  const results = cases.map((each) => {
    symlinkSync(modules, join(each.folder, 'node_modules'));
    write(join(each.folder, '.gitignore'), 'node_modules\n.nx\ndist\n');
    git(each.folder, 'init', '-q');
    git(each.folder, 'add', '-A');
    git(each.folder, 'commit', '-qm', 'bench');
    return measure(each);
  });
  report(results);
  rmSync(scratch, { recursive: true });
}

main();
