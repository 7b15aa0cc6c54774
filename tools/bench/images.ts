/**
 * `npx nx run bench:images`: how long until a change is an image in the engine, ours beside five
 * others, in turns, in one run. Writes docs/benchmarks/images.{json,md,svg}.
 *
 * BENCH_ROUNDS (7), BENCH_LARGE_MIB (1024) and BENCH_PARTS (all: daily,comment,large,fresh,added) make
 * it smaller: scenarios that are not measured keep what the same machine measured last.
 */
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Engine, readBases } from '@excel2doc/engine';
import { runIn } from '../e2e/clone';
import { prepareEngine } from '../prepare';
import { runSteps, step } from '../steps';
import { workspaceRoot } from '../workspace';
import { chart } from './chart';
import { engineServers } from './fresh';
import { loadBases, measureFresh } from './fresh-machine';
import { goalsOf } from './goals';
import { makeUserWorkspace } from './loop-workspace';
import { engineText, machineText } from './machine';
import { type Measured, idleMachine } from './measure';
import { type Scenario, comment, nothing, packageAdded, sourceLine } from './scenarios';
import { numberOf, partsOf, roundsSet, setting } from './settings';
import { type Report, type Row, page, rowsOf, withNewer } from './table';
import {
  type Bases,
  PLAIN,
  type Place,
  type Way,
  bareRoot,
  bareWay,
  otherWays,
  ourWay,
  writeOurs,
} from './ways';
import { type Workload, backend, large } from './workload';

const rounds = roundsSet(7);
const PARTS = ['daily', 'comment', 'large', 'fresh', 'added'] as const;
const wanted = setting(({ BENCH_PARTS }) => partsOf(BENCH_PARTS, PARTS));
const largeMiB = setting(({ BENCH_LARGE_MIB }) =>
  numberOf('BENCH_LARGE_MIB', BENCH_LARGE_MIB, { byDefault: 1024, least: 32 }),
);

void runSteps(async () => {
  const engine = await prepareEngine();
  const clone: Place['clone'] = {
    folder: mkdtempSync(join(tmpdir(), 'bench-images-')),
    env: { NX_STAGES_TAG: 'e2e-bench', NX_TUI: 'false' },
  };
  try {
    const bases = await namedBases(engine);
    await loadBases(engine, bases);
    const servers = await engineServers();
    const place = { clone, engine, servers: () => [...servers, ...nxDaemon(clone)] };
    await step('a workspace with the packed plugin', async () => makeWorkspace(clone.folder));
    const { rows: before, fresh: freshBefore } = earlier(machine(engine));
    const rows: Row[] = [];
    let fresh = freshBefore;
    const report = (): Report => {
      const all = withNewer(before, rows);
      return {
        machine: machine(engine),
        rows: all,
        ...(fresh && { fresh }),
        goals: goalsOf(all, fresh),
      };
    };
    // After each scenario: a run that is stopped leaves what it has measured.
    const add = (more: readonly Row[]) => {
      rows.push(...more);
      write(report());
    };
    const measure = async (
      title: string,
      scenario: Scenario,
      ways: readonly Way[],
      count = rounds,
    ) => add(await measured(title, scenario, ways, count));
    const waysFor = async (workload: Workload, title: string) => {
      const others = await otherWays(workload, place, bases);
      const ways = [...others, ourWay(workload, place), bareWay(workload, place)];
      await unmeasured(title, ways);
      return ways;
    };

    if (isWanted('daily', 'comment')) {
      const ways = await waysFor(backend, 'backend');
      if (isWanted('daily'))
        for (const scenario of [nothing, sourceLine(backend)])
          await measure('backend', scenario, ways);
      if (isWanted('comment')) await measure('backend', comment, ways, Math.min(rounds, 2));
    }
    if (isWanted('large')) {
      const big = large(largeMiB);
      const title = `${largeMiB} MiB`;
      const ways = await waysFor(big, title);
      for (const scenario of [nothing, sourceLine(big)]) await measure(title, scenario, ways);
    }
    if (isWanted('fresh') && engine.kind === 'private') {
      const found = await measureFresh(clone, bases);
      fresh = found.facts;
      add(found.rows);
    }
    // Takes longest, as each of the others installs all packages.
    if (isWanted('added'))
      await measure(
        'backend',
        packageAdded,
        await waysFor(backend, 'backend'),
        Math.min(rounds, 2),
      );
    console.log(page(report()));
  } finally {
    await runIn(clone, 'node_modules/.bin/nx', ['daemon', '--stop']);
    rmSync(clone.folder, { recursive: true, force: true });
    rmSync(bareRoot, { recursive: true, force: true });
  }
});

function isWanted(...parts: (typeof PARTS)[number][]): boolean {
  return parts.some((part) => wanted.includes(part));
}

/** What the same machine has measured before; nothing where there is no such table. */
function earlier(machine: string): Pick<Report, 'rows' | 'fresh'> {
  try {
    const file = join(workspaceRoot, 'docs/benchmarks/images.json');
    const report = JSON.parse(readFileSync(file, 'utf8')) as Report;
    // A row without its day is of a table that was made otherwise.
    if (report.machine === machine && report.rows.every(({ on }) => on)) return report;
  } catch {
    // The first table.
  }
  return { rows: [] };
}

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

/** As a user has it: the packed plugin, and of this repository the backend and the locked bases. */
function makeWorkspace(root: string): void {
  makeUserWorkspace(root, { imageName: 'excel2doc/{projectName}' }, () => {
    for (const file of ['images.lock.json', 'images.local.json'])
      copyFileSync(join(workspaceRoot, 'docker', file), join(root, 'docker', file));
    writeOurs(backend, root);
  });
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

function nxDaemon({ folder }: Place['clone']): number[] {
  try {
    const file = join(folder, '.nx/workspace-data/d/server-process.json');
    return [(JSON.parse(readFileSync(file, 'utf8')) as { processId: number }).processId];
  } catch {
    return [];
  }
}

const machine = (engine: Engine) => `${machineText()}, ${engineText(engine)}`;

function write(report: Report): void {
  const folder = join(workspaceRoot, 'docs', 'benchmarks');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'images.json'), `${JSON.stringify(report, undefined, 1)}\n`);
  writeFileSync(join(folder, 'images.md'), page(report));
  writeFileSync(join(folder, 'images.svg'), chart(report.rows));
}
