/**
 * `npx nx run bench:dependencies`: what one dependency more costs, language by language, on the machine
 * that built the image before and on a fresh runner; ours beside buildx and bake, in turns, in one run.
 * Writes docs/benchmarks/dependencies.{json,md}.
 *
 * BENCH_ROUNDS (3, at most 7) and BENCH_PARTS (all: pip,uv,npm,pnpm,go,maven,gradle) make it smaller:
 * languages that are not measured keep what the same machine measured last.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepareEngine } from '../prepare';
import { runSteps, step } from '../steps';
import { workspaceRoot } from '../workspace';
import { makeRoot, standIns } from './dependencies/bases';
import { go } from './dependencies/go';
import { gradle, maven } from './dependencies/java';
import { type Files, type Language, MOST_ROUNDS } from './dependencies/language';
import { type Mirror, startMirror } from './dependencies/mirror';
import { npm, pnpm } from './dependencies/node';
import { pip, uv } from './dependencies/python';
import { Pushes, startRegistry } from './dependencies/registry';
import { startRunner } from './dependencies/runner';
import {
  FIRST,
  FRESH,
  type Moved,
  movedOf,
  page,
  type Report,
  type Row,
  SAME,
} from './dependencies/table';
import * as ways from './dependencies/ways';
import { nxVersion } from './loop-workspace';
import { engineText, machineText } from './machine';
import { type Measured, idleMachine } from './measure';
import { partsOf, roundsSet, setting } from './settings';
import { rowsOf, turned, withNewer } from './table';

const LANGUAGES = [pip, uv, npm, pnpm, go, maven, gradle];
const names = LANGUAGES.map(({ name }) => name);
const rounds = roundsSet(3, MOST_ROUNDS);
const wanted = setting(({ BENCH_PARTS }) => partsOf(BENCH_PARTS, names));

type Found = Measured & Moved;

void runSteps(async () => {
  const undo: (() => unknown)[] = [];
  try {
    await measureAll((later) => undo.unshift(later));
  } finally {
    for (const each of undo) await each();
  }
});

/** @param atEnd takes what ends or removes what was started, called last first */
async function measureAll(atEnd: (later: () => unknown) => void): Promise<void> {
  const languages = LANGUAGES.filter(({ name }) => wanted.includes(name));
  const platform = (await prepareEngine()).platform;
  const bases = await step('base images', (log) => standIns(languages, platform, log));
  const folder = mkdtempSync(join(tmpdir(), 'bench-dependencies-'));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  const packages = join(folder, 'packages');
  mkdirSync(packages);
  const runner = await step('an engine of its own', () => startRunner(bases));
  atEnd(() => runner.remove());
  const mirror = await startMirror(packages);
  atEnd(() => mirror.stop());
  const registry = await startRegistry();
  atEnd(() => registry.stop());
  await runner.letReach(mirror.port);
  await runner.letReach(registry.port);
  const url = `http://${runner.address}:${mirror.port}`;
  const place: ways.Place = { runner, registry, folder, url };
  const others = languages.flatMap((language) => language.others);
  const workspaces = await step('workspaces with the packed plugin', async () =>
    ways.workspacesOf(makeRoot(folder, platform, bases), others, folder),
  );
  const machine = `${machineText()}, Nx ${nxVersion}, ${engineText(runner.engine)}`;
  const before = earlier(machine);
  const rows: Row[] = [];
  for (const language of languages) {
    const states = await step(`${language.name}: its packages`, () =>
      language.prepare(packages, url, rounds),
    );
    for (const measure of [sameMachine, freshRunner]) {
      rows.push(...(await measure({ language, states, place, workspaces, mirror })));
      // After each: a run that is stopped leaves what it has measured.
      write({ machine, rows: withNewer(before, rows) as Row[] });
    }
  }
  console.log(page({ machine, rows: withNewer(before, rows) as Row[] }));
}

interface Part {
  language: Language;
  states: Files[];
  place: ways.Place;
  workspaces: ways.Workspaces;
  mirror: Mirror;
}

/** One machine that keeps what it built. */
async function sameMachine(part: Part): Promise<Row[]> {
  const { language, place, workspaces, states } = part;
  await warmUp(part);
  const all = [
    ways.plainWay(language, place),
    ways.bakeWay(language, place),
    ...(await Promise.all(
      ways.OURS_NAMES.filter((name) => name !== ways.MOUNTS).map((name) =>
        ways.ourWay(name, language, { place, workspaces, hasRemote: false }),
      ),
    )),
  ];
  const mounts = await ways.ourWay(ways.MOUNTS, language, { place, workspaces, hasRemote: true });
  const inTurn = (round: number) => [...turned(all, round), mounts];
  const found = new Map(inTurn(0).map(({ name }) => [name, [] as Found[]]));
  const first = new Map(all.map(({ name }) => [name, [] as Found[]]));
  const pushes = pushesOf(inTurn(0), place, 'same');
  try {
    for (const [round, files] of states.entries())
      for (const way of inTurn(round)) {
        await step(`${language.name}, same machine, ${roundText(round)}: ${way.name}`, async () => {
          ways.putFiles(way, files);
          const measured = await built(way, part, pushes);
          // A way before it has just sent the very same layers: that is no first build either.
          if (way === mounts) delete measured.engineBytes;
          (round === 0 ? first : found).get(way.name)?.push(measured);
        });
      }
  } finally {
    await mounts.remote?.stop();
  }
  return [
    ...rowsIn(language, FIRST, first, ways.PLAIN),
    ...rowsIn(language, SAME, found, ways.PLAIN),
  ];
}

/** Each round on a machine that has never built it. */
async function freshRunner(part: Part): Promise<Row[]> {
  const { language, place, workspaces, states } = part;
  const all = [
    ways.fromRegistryWay(language, place),
    ...(await Promise.all(
      ways.OURS_NAMES.map((name) =>
        ways.ourWay(name, language, { place, workspaces, hasRemote: true }),
      ),
    )),
  ];
  const found = new Map(all.map(({ name }) => [name, [] as Found[]]));
  const pushes = pushesOf(all, place, 'fresh');
  try {
    for (const [round, files] of states.entries())
      for (const way of turned(all, round)) {
        await step(`${language.name}, fresh runner, ${roundText(round)}: ${way.name}`, async () => {
          await place.runner.forget();
          way.remote!.forget?.();
          ways.putFiles(way, files);
          const measured = await built(way, part, pushes);
          if (round > 0) found.get(way.name)!.push(measured);
        });
      }
  } finally {
    for (const { remote } of all) await remote?.stop();
  }
  return rowsIn(language, FRESH, found, ways.FROM_REGISTRY);
}

/** Who comes first reads base images and packages from the disk: a build that is not measured, and forgotten. */
async function warmUp({ language, states, place }: Part): Promise<void> {
  const way = ways.plainWay(language, place, 'warm-up');
  await step(`${language.name}: a build that is not measured`, () => {
    ways.putFiles(way, states[0]!);
    return way.run();
  });
  await place.runner.forget();
}

const roundText = (round: number) => (round === 0 ? 'first build' : `round ${round} of ${rounds}`);

const pushesOf = (all: readonly ways.Way[], { runner, registry }: ways.Place, kind: string) =>
  new Map(
    all.map(({ name }, at) => [name, new Pushes(runner.engine, registry, `${kind}/way-${at}`)]),
  );

/** Builds one way, and counts what moved for it. */
async function built(
  way: ways.Way,
  { mirror }: Part,
  pushes: ReadonlyMap<string, Pushes>,
): Promise<Found> {
  const stored = way.remote?.storedBytes();
  await idleMachine();
  mirror.taken();
  const { measured, engineBytes } = await way.run();
  const { packages, bytes: downloadedBytes } = mirror.taken();
  await way.remote?.keep?.();
  const storedBytes = stored === undefined ? undefined : way.remote!.storedBytes() - stored;
  const pushedBytes = await pushes.get(way.name)!.push(way.image);
  return { ...measured, packages, downloadedBytes, engineBytes, storedBytes, pushedBytes };
}

function rowsIn(
  { name }: Language,
  scenario: string,
  found: Map<string, Found[]>,
  baseline: string,
): Row[] {
  return rowsOf(name, scenario, found, baseline).map((row) => ({
    ...row,
    moved: movedOf(found.get(row.way)!),
  }));
}

/** What the same machine has measured before; nothing where there is no such table. */
function earlier(machine: string): Row[] {
  try {
    const file = join(workspaceRoot, 'docs/benchmarks/dependencies.json');
    const report = JSON.parse(readFileSync(file, 'utf8')) as Report;
    return report.machine === machine ? report.rows : [];
  } catch {
    return [];
  }
}

function write(report: Report): void {
  const folder = join(workspaceRoot, 'docs/benchmarks');
  writeFileSync(join(folder, 'dependencies.json'), `${JSON.stringify(report, undefined, 1)}\n`);
  writeFileSync(join(folder, 'dependencies.md'), page(report));
}
