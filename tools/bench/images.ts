/**
 * `npx nx run bench:images`: how long until a change of the backend is an image in the engine, ours
 * beside plain `docker buildx build --load`, in one run, in turns. Writes docs/benchmarks/images.*.
 */
import { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { ExecutorContext } from '@nx/devkit';
import { type Engine, readBases } from '@excel2doc/engine';
import { makeClone, runIn, type Clone } from '../e2e/clone';
import { prepareEngine } from '../prepare';
import { runSteps, step } from '../steps';
import { workspaceRoot } from '../workspace';
import { median, type Row, table } from './table';

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 7);

type Way = (clone: Clone, engine: Engine) => Promise<void>;
type Executor = (options: object, context: ExecutorContext) => Promise<{ success: boolean }>;

async function must(result: Promise<{ success: boolean } | { status: number; output: string }>) {
  const answer = await result;
  const good = 'success' in answer ? answer.success : answer.status === 0;
  if (!good) throw new Error('output' in answer ? answer.output : 'an executor failed');
}

/** As a user calls it, with all of Nx's start-up. */
const throughNx: Way = async (clone) => {
  await must(
    runIn(clone, join(clone.folder, 'node_modules/.bin/nx'), ['run', 'backend:docker-build']),
  );
};

/** The three tasks that a source change runs, in this process: what Nx's start-up is not part of. */
const withoutNx: Way = async (clone) => {
  const options = {
    dockerfile: 'apps/backend/Dockerfile',
    context: 'apps/backend',
    lockFile: 'docker/images.lock.json',
  };
  const context = {
    root: clone.folder,
    projectName: 'backend',
    projectsConfigurations: { version: 2, projects: { backend: { root: 'apps/backend' } } },
  } as unknown as ExecutorContext;
  const executor = (name: string): Executor =>
    // eslint-disable-next-line @typescript-eslint/no-require-imports
    require(join(workspaceRoot, 'libs/nx-stages/src/executors', name, 'executor')).default;
  await must(executor('plan')(options, context));
  await must(executor('stage')({ ...options, stage: 'runner' }, context));
  const image = { image: 'excel2doc/backend', tag: clone.tag, stage: 'runner' };
  await must(executor('load')({ ...options, ...image }, context));
};

const buildx: Way = async (clone, engine) => {
  const bases = Object.values((await readBases())?.platforms[engine.platform] ?? {});
  await engine.build({
    dockerfile: join(clone.folder, 'apps/backend/Dockerfile'),
    contextDir: join(clone.folder, 'apps/backend'),
    target: 'runner',
    namedContexts: Object.fromEntries(
      bases.map(({ reference, namedContext }) => [reference, namedContext]),
    ),
    output: { kind: 'load', tags: ['excel2doc/bench-buildx'] },
    showProgress: false,
  });
};

const ways: Record<string, Way> = {
  'docker buildx build --load': buildx,
  'ours, Nx included': throughNx,
  "ours, without Nx's start-up": withoutNx,
};

const scenarios: Record<string, (clone: Clone, round: number) => void> = {
  'nothing changed': () => undefined,
  'one source line': (clone, round) =>
    appendFileSync(join(clone.folder, 'apps/backend/app/main.py'), `# ${round} ${Date.now()}\n`),
  'a comment in requirements.txt': (clone, round) =>
    appendFileSync(join(clone.folder, 'apps/backend/requirements.txt'), `# ${round}\n`),
};

void runSteps(async () => {
  const engine = await prepareEngine();
  const clone = await makeClone('bench');
  try {
    await step('first builds, not measured', async () => {
      await must(runIn(clone, 'node', ['tools/bootstrap.mjs', 'start']));
      for (const way of Object.values(ways)) await way(clone, engine);
    });
    const rows: Row[] = [];
    for (const [scenario, change] of Object.entries(scenarios)) {
      const times: Record<string, number[]> = {};
      await step(scenario, async (log) => {
        for (let round = 0; round < ROUNDS; round++) {
          for (const [name, way] of Object.entries(ways)) {
            change(clone, round);
            const start = performance.now();
            await way(clone, engine);
            (times[name] ??= []).push(performance.now() - start);
            log(`round ${round + 1} of ${ROUNDS}: ${name}`);
          }
        }
      });
      const plain = median(times['docker buildx build --load'] ?? []);
      for (const [name, measured] of Object.entries(times)) {
        rows.push({ scenario, name, ratio: median(measured) / plain, timesMs: measured });
      }
    }
    const folder = join(workspaceRoot, 'docs', 'benchmarks');
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      join(folder, 'images.json'),
      `${JSON.stringify({ rounds: ROUNDS, rows }, undefined, 2)}\n`,
    );
    writeFileSync(join(folder, 'images.md'), table(rows, ROUNDS));
    console.log(table(rows, ROUNDS));
  } finally {
    await runIn(clone, 'node', ['tools/bootstrap.mjs', 'stop', '--keep-engine']);
    await engine.compose({ files: [], project: clone.project }).down({ volumes: true });
    rmSync(clone.folder, { recursive: true, force: true });
  }
});
