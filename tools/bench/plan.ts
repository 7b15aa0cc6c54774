/** `nx run bench:plan`: what it costs to say what each stage of a Dockerfile reads. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseDockerfile, planStages, readStages } from '@excel2doc/dockerfile';
import { workspaceRoot } from '../workspace';

const files = 20_000;
const backend = join(workspaceRoot, 'apps/backend');
const dockerfile = readFileSync(join(backend, 'Dockerfile'), 'utf8');
const copyAll = 'FROM scratch\nCOPY . /app\n';

/**
 * The middle of several runs, in milliseconds of processor time: planning waits for nothing, so on an
 * idle machine that is its wall time, and on a busy one it still says something.
 */
function time(runs: number, act: () => void): number {
  const times = Array.from({ length: runs }, () => {
    const start = process.cpuUsage();
    act();
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1000;
  });
  return times.sort((a, b) => a - b)[Math.floor(runs / 2)]!;
}

function makeContext(root: string): void {
  for (let i = 0; i < files; i++) {
    const folder = join(root, `pkg${i % 40}`, `mod${i % 400}`);
    if (i < 400) mkdirSync(folder, { recursive: true });
    const path = join(folder, `f${i}.py`);
    writeFileSync(path, `x = ${i}\n`.repeat(50));
    utimesSync(path, 1, 1);
  }
}

function plan(source: string, contextDir: string, indexPath?: string): void {
  const parsed = parseDockerfile(source, { file: 'Dockerfile' });
  planStages(parsed, { contextDir, ...(indexPath && { indexPath }) });
}

const root = mkdtempSync(join(tmpdir(), 'bench-'));
try {
  // The first call in a process is the one that a task makes.
  const first = time(1, () => plan(dockerfile, backend, join(root, 'backend.json')));
  const again = time(20, () => plan(dockerfile, backend, join(root, 'backend.json')));
  const context = join(root, 'context');
  const index = join(root, 'index.json');
  makeContext(context);
  // The index trusts no file that was touched within two seconds of its reading.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2100);
  const cold = time(1, () => plan(copyAll, context, index));
  const warm = time(5, () => plan(copyAll, context, index));
  const none = time(3, () => plan(copyAll, context));
  const rows = [
    ['the stages of the backend, as a graph', time(50, () => readStages(dockerfile)), ''],
    ['plan of the backend, first in its process', first, '150'],
    ['plan of the backend, later', again, '150'],
    [`plan of ${files} files, no index`, none, '1000'],
    [`plan of ${files} files, first run with an index`, cold, '1000'],
    [`plan of ${files} files, warm index`, warm, '1000'],
  ] as const;
  const page = [
    '# Plans: what each stage reads',
    '',
    `Made by \`npx nx run bench:plan\` on ${cpus().length} cores (${cpus()[0]?.model.trim()}), Node ${process.versions.node}: median processor time in milliseconds, the loading of modules left out.`,
    '',
    '| what | ms | target |',
    '| --- | --- | --- |',
    ...rows.map(([what, ms, target]) => `| ${what} | ${ms.toFixed(1)} | ${target} |`),
    '',
  ].join('\n');
  writeFileSync(join(workspaceRoot, 'docs/benchmarks/plan.md'), page);
  process.stdout.write(page);
} finally {
  rmSync(root, { recursive: true, force: true });
}
