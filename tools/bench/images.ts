/**
 * `npx nx run bench:images`: how long until a change is an image in the engine, ours beside five
 * others, in turns, in one run. Writes docs/benchmarks/images.{json,md,svg}.
 *
 * BENCH_ROUNDS (7), BENCH_LARGE_MIB (1024) and BENCH_QUICK=true, which leaves out what builds for
 * minutes (a comment for the others, a package more, fresh machines), make it smaller.
 */
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { type Engine, readBases } from '@excel2doc/engine';
import { type Clone, makeClone, runIn } from '../e2e/clone';
import { prepareEngine } from '../prepare';
import { runSteps, step } from '../steps';
import { workspaceRoot } from '../workspace';
import { chart } from './chart';
import { engineServers } from './fresh';
import { type FreshResult, loadBases, measureFresh } from './fresh-machine';
import { goalsOf } from './goals';
import { type Measured, idleMachine } from './measure';
import { type Scenario, comment, nothing, packageAdded, sourceLine } from './scenarios';
import { type Report, type Row, page, rowsOf } from './table';
import { type Bases, PLAIN, type Way, bareRoot, bareWay, otherWays, ourWay } from './ways';
import { type Workload, backend, large } from './workload';

const rounds = Number(process.env['BENCH_ROUNDS'] ?? 7);
const isQuick = process.env['BENCH_QUICK'] === 'true';
const largeMiB = Number(process.env['BENCH_LARGE_MIB'] ?? 1024);

void runSteps(async () => {
  const engine = await prepareEngine();
  const clone = await makeClone('bench');
  try {
    const bases = await namedBases(engine);
    await loadBases(engine, bases);
    const servers = await engineServers();
    const place = { clone, engine, servers: () => [...servers, ...nxDaemon(clone)] };
    await step('a clone of its own', () => installed(clone));
    const rows: Row[] = [];
    let fresh: FreshResult | undefined;
    const report = () => ({ machine: machine(engine), rows, goals: goalsOf(rows, fresh) });
    // After each scenario: a run that is stopped leaves what it has measured.
    const add = (more: readonly Row[]) => {
      rows.push(...more);
      write(report());
    };
    const measure = async (title: string, scenario: Scenario, ways: readonly Way[]) =>
      add(await measured(title, scenario, ways, rounds));
    const waysFor = async (workload: Workload, title: string) => {
      const others = await otherWays(workload, place, bases);
      const ways = [...others, ourWay(workload, place), bareWay(workload, place)];
      await unmeasured(title, ways);
      return ways;
    };

    const ways = await waysFor(backend, 'backend');
    for (const scenario of [nothing, sourceLine(backend), ...(isQuick ? [] : [comment])])
      await measure('backend', scenario, ways);

    const big = large(largeMiB);
    const title = `${largeMiB} MiB`;
    big.write(join(clone.folder, 'apps', big.project));
    const bigWays = await waysFor(big, title);
    for (const scenario of [nothing, sourceLine(big)]) await measure(title, scenario, bigWays);

    if (!isQuick && engine.kind === 'private') {
      fresh = await measureFresh(clone, bases);
      add(fresh.rows);
    }
    // Takes longest, as each of the others installs all packages.
    if (!isQuick) {
      await unmeasured('backend', ways);
      add(await measured('backend', packageAdded, ways, Math.min(rounds, 2)));
    }
    console.log(page(report()));
  } finally {
    await runIn(clone, 'node_modules/.bin/nx', ['daemon', '--stop']);
    rmSync(clone.folder, { recursive: true, force: true });
    rmSync(bareRoot, { recursive: true, force: true });
  }
});

/** First builds, or those after everything was forgotten. */
async function unmeasured(title: string, ways: readonly Way[]): Promise<void> {
  await step(`${title}: first builds, not measured`, async (log) => {
    for (const way of ways) {
      log(way.name);
      await way.run();
    }
  });
}

/** In turns: what else the machine does meets all alike. */
async function measured(
  workload: string,
  scenario: Scenario,
  ways: readonly Way[],
  count: number,
): Promise<Row[]> {
  const found = new Map<string, Measured[]>(ways.map(({ name }) => [name, []]));
  await step(`${workload}: ${scenario.name}`, async (log) => {
    for (let round = 0; round < count; round += 1) {
      for (const way of ways) {
        log(`round ${round + 1} of ${count}: ${way.name}`);
        await idleMachine();
        scenario.change(way.folder, round);
        found.get(way.name)?.push(await way.run());
      }
    }
  });
  return rowsOf(workload, scenario.name, found, PLAIN);
}

async function installed(clone: Clone): Promise<void> {
  const { status, output } = await runIn(clone, 'npm', [
    'ci',
    '--no-audit',
    '--no-fund',
    '--prefer-offline',
  ]);
  if (status !== 0) throw new Error(output);
  const local = 'docker/images.local.json';
  copyFileSync(join(workspaceRoot, local), join(clone.folder, local));
}

/** Stand-ins have a name of their own, for those who cannot be handed them otherwise. */
async function namedBases(engine: Engine): Promise<Bases> {
  const bases = Object.values((await readBases())?.platforms[engine.platform] ?? {});
  const standIns = bases.filter(
    ({ standIn, reference }) => standIn && reference.startsWith('python:'),
  );
  return Object.fromEntries(
    standIns.map(({ reference }) => [reference, `excel2doc/stand-in/${reference}`]),
  );
}

function nxDaemon({ folder }: Clone): number[] {
  try {
    const file = join(folder, '.nx/workspace-data/d/server-process.json');
    return [(JSON.parse(readFileSync(file, 'utf8')) as { processId: number }).processId];
  } catch {
    return [];
  }
}

function machine({ serverVersion, store }: Engine): string {
  const [cpu] = cpus();
  return `${cpus().length} × ${cpu?.model.trim()}, Node ${process.versions.node}, Docker ${serverVersion} (${store} store)`;
}

function write(report: Report): void {
  const folder = join(workspaceRoot, 'docs', 'benchmarks');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'images.json'), `${JSON.stringify(report, undefined, 1)}\n`);
  writeFileSync(join(folder, 'images.md'), page(report));
  writeFileSync(join(folder, 'images.svg'), chart(report.rows));
}
