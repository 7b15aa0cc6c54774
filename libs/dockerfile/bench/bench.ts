import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseDockerfile } from '../src/dockerfile';
import { planStages } from '../src/plan/plan-stages';
import { readStages } from '../src/stages';

const files = 20_000;
const dockerfile = readFileSync(join(__dirname, '../fixtures/service-pip-bind/Dockerfile'), 'utf8');
const copyAll = 'FROM scratch\nCOPY . /app\n';

/** The middle of several runs, in milliseconds. */
function time(runs: number, act: () => void): number {
  const times = Array.from({ length: runs }, () => {
    const start = performance.now();
    act();
    return performance.now() - start;
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

const root = mkdtempSync(join(tmpdir(), 'bench-'));
try {
  makeContext(join(root, 'context'));
  const plan = (indexPath?: string) => {
    const parsed = parseDockerfile(copyAll, { file: 'Dockerfile' });
    planStages(parsed, { contextDir: join(root, 'context'), ...(indexPath && { indexPath }) });
  };
  // The index trusts no file that was touched within two seconds of its reading.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2100);
  const cold = time(1, () => plan(join(root, 'index.json')));
  const warm = time(5, () => plan(join(root, 'index.json')));
  const none = time(3, () => plan());
  const rows = [
    ['readStages, 5 stages', time(50, () => readStages(dockerfile)), ''],
    [`plan, ${files} files, no index`, none, '1.0'],
    [`plan, ${files} files, first run with an index`, cold, (cold / none).toFixed(2)],
    [`plan, ${files} files, warm index`, warm, (warm / none).toFixed(2)],
  ] as const;
  const lines = rows.map(([what, ms, ratio]) => `| ${what} | ${ms.toFixed(1)} ms | ${ratio} |`);
  process.stdout.write(['| what | median | ratio |', '|---|---|---|', ...lines, ''].join('\n'));
} finally {
  rmSync(root, { recursive: true, force: true });
}
