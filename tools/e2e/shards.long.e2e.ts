// Takes 900 s.
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Engine, locateEngine } from '@excel2doc/engine';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { type RemoteCache, startRemoteCache } from '../bench/fresh';
import { makeStandIn } from './package/base';
import { type SecondEngine, secondEngine } from './second-engine';
import { type Ended, Machine } from './shards/machine';
import {
  contentOf,
  kindOf,
  KINDS,
  type ShardsWorkspace,
  shardsWorkspace,
} from './shards/workspace';

/** With `base` and the kinds fifty. */
const COUNT = Number(process.env['IMAGES'] ?? 50) - KINDS.length - 1;
const SHARDS = 4;
const LONG_MS = 1_800_000;

const scratch = mkdtempSync(join(tmpdir(), 'shards-'));
let engines: SecondEngine[] = [];
let workspace: ShardsWorkspace;
let planner: Machine;

beforeAll(async () => {
  const standIn = await makeStandIn(await locateEngine(), scratch);
  workspace = await shardsWorkspace(scratch, { image: 'sharded', count: COUNT, standIn });
  engines = [await secondEngine(), await secondEngine()];
}, LONG_MS);

afterAll(async () => {
  for (const engine of engines) await engine.remove();
  rmSync(scratch, { recursive: true, force: true });
}, LONG_MS);

/** With nothing in it. */
async function emptyCache(): Promise<RemoteCache> {
  const cache = await startRemoteCache();
  onTestFinished(() => cache.stop());
  return cache;
}

interface Plan {
  shards: { steps: { waitsFor: string[]; tasks: string[]; handsOn: string[] }[] }[];
}

/** The first job: what Nx has planned for all of it, spread over the shards. */
async function plan(name: string): Promise<Plan> {
  planner = new Machine(workspace, `${name}-plan`, engines[0]!, {});
  await planner.checkOut();
  const lines = [
    'nx run-many -t docker-build --graph=dist/ci/tasks.json',
    `excel2doc-shards plan --tasks=dist/ci/tasks.json --shards=${SHARDS}`,
  ];
  const { status, output } = await planner.run(lines.join(' && '));
  expect(status, output).toBe(0);
  return planner.read<Plan>('dist/ci/shards.json');
}

/** A machine for each shard, with the plan; two share an engine. */
async function machines(name: string, env: Record<string, string>): Promise<Machine[]> {
  const all = Array.from(
    { length: SHARDS },
    (_, at) => new Machine(workspace, `${name}-${at + 1}`, engines[at % 2]!, env),
  );
  for (const machine of all) {
    await machine.checkOut();
    takeFile(planner, machine, 'dist/ci/shards.json');
  }
  return all;
}

/** As an artifact goes from job to job. */
function takeFile(from: Machine, to: Machine, path: string): void {
  mkdirSync(join(to.folder, path, '..'), { recursive: true });
  cpSync(join(from.folder, path), join(to.folder, path));
}

const runShard = (machine: Machine, shard: number, more = '') =>
  machine.run(`excel2doc-shards run --shard=${shard}${more}`, { edge: true });

/** The last job. */
async function join4(all: readonly Machine[], shards = all.keys()): Promise<Ended> {
  for (const at of shards) {
    try {
      takeFile(all[at]!, planner, `dist/ci/shards/shard-${at + 1}.json`);
    } catch {
      // It left none.
    }
  }
  return planner.run('excel2doc-shards join --summary=dist/ci/summary.md');
}

/** Of a file in an image what a container of it would see. */
async function readIn(engine: Engine, project: string, path: string): Promise<string> {
  const { stdout: id } = await engine.command(['create', `${workspace.image}/${project}:dev`]);
  try {
    const { stdout } = await engine.command(['cp', `${id.trim()}:${path}`, '-']);
    return stdout.slice(512).replace(/\0+$/, '');
  } finally {
    await engine.command(['rm', id.trim()]);
  }
}

/** That each image is where its shard has built it, holds its own, and stands on what was made once. */
async function expectAllRight({ shards }: Plan, all: readonly Machine[]): Promise<void> {
  const once = new Map<string, Set<string>>();
  const see = (what: string, text: string) =>
    once.set(what, (once.get(what) ?? new Set()).add(text));
  for (const [at, { steps }] of shards.entries()) {
    const engine = await all[at]!.locate();
    for (const id of steps.flatMap(({ tasks }) => tasks)) {
      const [project = '', target] = id.split(':');
      if (target !== 'docker-build') continue;
      see('base', await readIn(engine, project, '/of-base'));
      const number = /^s(\d+)$/.exec(project)?.[1];
      const kind = number === undefined ? project : kindOf(Number(number));
      if (kind !== 'base') see(kind, await readIn(engine, project, `/of-${kind}`));
      if (number !== undefined)
        expect(await readIn(engine, project, '/own')).toBe(contentOf(Number(number)));
    }
  }
  for (const what of ['base', ...KINDS]) {
    expect(once.get(what)?.size, what).toBe(1);
    expect(buildersOf(`${what}:docker-out`, all), what).toHaveLength(1);
  }
}

/** The shards that say that they have built a task; BuildKit would not say where two share an engine. */
function buildersOf(id: string, all: readonly Machine[]): number[] {
  return [...all.keys()].filter((at) => {
    const { tasks } = all[at]!.read<{ tasks: { id: string; outcome: string }[] }>(
      `dist/ci/shards/shard-${at + 1}.json`,
    );
    return tasks.some((task) => task.id === id && task.outcome === 'built');
  });
}

test(
  'fifty images on four machines: each is right, what they share was built once, and the last job says so',
  async () => {
    const planned = await plan('all');
    expect(planned.shards).toHaveLength(SHARDS);
    const all = await machines('all', (await emptyCache()).env);
    const ended = await Promise.all(all.map((machine, at) => runShard(machine, at + 1)));
    for (const { status, output } of ended) expect(status, output).toBe(0);
    await expectAllRight(planned, all);
    const joined = await join4(all);
    expect(joined).toEqual({ status: 0, output: expect.stringContaining('4 shards: all') });
  },
  LONG_MS,
);

test(
  'a machine that is lost, and then run again: the others end right without it, the last job names it until it has run',
  async () => {
    const planned = await plan('lost');
    const all = await machines('lost', (await emptyCache()).env);
    // The one that makes what the others wait for.
    const lost = planned.shards.findIndex(({ steps }) =>
      steps[0]!.tasks.includes('base:docker-out'),
    );
    const ended = all.map((machine, at) => runShard(machine, at + 1, ' --patience=25'));
    await all[lost]!.until('step 1 of');
    all[lost]!.kill();
    for (const [at, { status, output }] of (await Promise.all(ended)).entries()) {
      if (at === lost) continue;
      expect(status, output).toBe(0);
      expect(output).toMatch(
        /Shard \d has given no sign for 25 s: what this shard needs of \S+ is made here/,
      );
    }
    const others = [...all.keys()].filter((at) => at !== lost);
    const without = await join4(all, others.values());
    expect(without.status).toBe(1);
    expect(without.output).toContain(`Shard ${lost + 1} did not come to its end: run it again`);
    const again = await runShard(all[lost]!, lost + 1, ' --patience=25');
    expect(again.status, again.output).toBe(0);
    expect((await join4(all)).status).toBe(0);
  },
  LONG_MS,
);

test.each([
  ['is away', 'http://127.0.0.1:1'],
  ['takes nothing from them, as from a fork', 'fork'],
])(
  'a cache server that %s: what is shared is made by each, and one line says so',
  async (what, at) => {
    const cache = await emptyCache();
    await plan(at.replace(/\W/g, ''));
    const env =
      at === 'fork' ? cache.readOnlyEnv : { ...cache.env, NX_SELF_HOSTED_REMOTE_CACHE_SERVER: at };
    const all = (await machines(at.replace(/\W/g, ''), env)).slice(0, 2);
    const ended = await Promise.all(all.map((machine, shard) => runShard(machine, shard + 1)));
    for (const { status, output } of ended) {
      expect(status, `${what}: ${output}`).toBe(0);
      expect(output).toContain('cannot be read back from it: nothing is waited for');
    }
  },
  LONG_MS,
);
