/**
 * `npx nx run bench:loop`: what the daily loop costs beside Nx's own `nx:noop`, as a user has it: a
 * workspace with the packed plugin. In turns, in one run, through a pipe and through a terminal.
 * Writes docs/benchmarks/loop.{json,md}.
 *
 * BENCH_ROUNDS (7) makes it smaller.
 */
import { randomBytes } from 'node:crypto';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Engine, locateEngine } from '@excel2doc/engine';
import { workspaceRoot } from '../workspace';
import { type Goal, loopPage, type LoopRow, median } from './loop-table';
import { makeLoopWorkspace, nxVersion } from './loop-workspace';
import { engineText, machineText } from './machine';
import { type Measured, measureCommand } from './measure';
import { engineServers } from './fresh';
import { roundsSet } from './settings';
import { clientEnv } from './ways';

const rounds = roundsSet(7);
const dockerfile =
  'FROM scratch AS deps\nCOPY deps /deps\nFROM deps AS runner\nCOPY app /app\nCMD ["/app/main"]\n';

void main();

async function main(): Promise<void> {
  const engine = await locateEngine();
  const root = mkdtempSync(join(tmpdir(), 'bench-loop-'));
  const image = `bench-loop/${randomBytes(4).toString('hex')}`;
  try {
    makeLoopWorkspace(root, image, { 'apps/api/Dockerfile': dockerfile });
    const rows = await measure(root, image, engine);
    const machine = `${machineText()}, Nx ${nxVersion}, ${engineText(engine)}`;
    const report = { machine, rounds, rows, goals: goalsOf(rows) };
    const folder = join(workspaceRoot, 'docs/benchmarks');
    writeFileSync(join(folder, 'loop.json'), `${JSON.stringify(report, undefined, 1)}\n`);
    writeFileSync(join(folder, 'loop.md'), loopPage(report));
    console.log(loopPage(report));
  } finally {
    for (const name of [image, `${image}-buildx`])
      for (const { repository, tag } of await engine.listImages([`reference=${name}`]))
        await engine.removeImage(`${repository}:${tag}`);
    rmSync(root, { recursive: true, force: true });
  }
}

async function measure(root: string, image: string, engine: Engine): Promise<LoopRow[]> {
  const servers = await engineServers();
  const env = {
    ...clientEnv(engine),
    NX_DAEMON: 'false',
    NX_TUI: 'false',
    CI: undefined,
    TERM: 'xterm',
  };
  const nx = (target: string) => [join(root, 'node_modules/.bin/nx'), 'run', `api:${target}`];
  // A terminal of its own around the command.
  const inTerminal = (command: string[]) => [
    ...['script', '-qec', command.map((word) => `'${word}'`).join(' ')],
    '/dev/null',
  ];
  const buildx = [
    ...['docker', 'buildx', 'build', '--load', '--provenance=false', '--target=runner'],
    ...['--quiet', '--tag', `${image}-buildx`, 'apps/api'],
  ];
  const run = (command: string[], more: NodeJS.ProcessEnv) =>
    measureCommand({ command, cwd: root, env: { ...env, ...more } }, servers);
  const edit = () =>
    appendFileSync(join(root, 'apps/api/app/part0.py'), `# ${process.hrtime.bigint()}\n`);
  const rows: LoopRow[] = [];
  const asItIs = (command: string[]) => command;
  for (const [through, wrap, more] of [
    ['pipe', asItIs, {}],
    ['terminal', inTerminal, {}],
    ['pipe, NX_ISOLATE_PLUGINS=false', asItIs, { NX_ISOLATE_PLUGINS: 'false' }],
  ] as const) {
    const ways = {
      'nx:noop': wrap(nx('noop')),
      ours: wrap(nx('docker-build')),
      'docker buildx build --load': buildx,
    };
    for (const command of Object.values(ways)) await run(command, more);
    for (const scenario of ['nothing changed', 'one source line']) {
      const found = new Map<string, Measured[]>(Object.keys(ways).map((name) => [name, []]));
      for (let round = 0; round < rounds; round += 1)
        for (const [name, command] of Object.entries(ways)) {
          // The same edit before each.
          if (scenario === 'one source line') edit();
          found.get(name)!.push(await run(command, more));
        }
      for (const [way, each] of found)
        rows.push({
          through,
          scenario,
          way,
          wallMs: each.map(({ wallMs }) => Math.round(wallMs)),
          cpuMs: each.map(({ cpuMs }) => Math.round(cpuMs)),
        });
    }
  }
  return rows;
}

function goalsOf(rows: readonly LoopRow[]): Goal[] {
  const wall = (through: string, scenario: string, way: string) =>
    median(
      rows.find((row) => row.through === through && row.scenario === scenario && row.way === way)!
        .wallMs,
    );
  return ['pipe', 'terminal'].flatMap((through) => {
    const ratio = (scenario: string, to: string) =>
      wall(through, scenario, 'ours') / wall(through, scenario, to);
    return [
      {
        name: `${through}: nothing changed, to nx:noop`,
        most: 1.2,
        is: ratio('nothing changed', 'nx:noop'),
      },
      {
        name: `${through}: one source line, to nx:noop after the same edit`,
        most: 1.6,
        is: ratio('one source line', 'nx:noop'),
      },
      {
        name: `${through}: one source line, to docker buildx build --load`,
        most: 1.5,
        is: ratio('one source line', 'docker buildx build --load'),
      },
    ];
  });
}
