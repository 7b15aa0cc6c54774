/**
 * `npx nx run bench:layers`: what a layer a package costs and saves beside a layer a COPY, and beside
 * plain docker, in turns, in one run. Writes docs/benchmarks/layers.{json,md}.
 *
 * BENCH_ROUNDS (7) makes it smaller.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Engine, locateEngine } from '@excel2doc/engine';
import { workspaceRoot } from '../workspace';
import { engineServers } from './fresh';
import { type LayersRow, layersPage } from './layers-table';
import { makeLoopWorkspace, nxVersion } from './loop-workspace';
import { engineText, machineText } from './machine';
import { idleMachine, measureCommand } from './measure';
import { roundsSet } from './settings';
import { clientEnv } from './ways';

const rounds = roundsSet(7);
const SITE = 'apps/api/venv/lib/python3.12/site-packages';
const dockerfile = `FROM scratch AS builder
COPY venv /opt/venv
FROM scratch AS runner
COPY --from=builder /opt/venv /opt/venv
COPY app /app
CMD ["/app/main"]
`;

/** One way of making the image, in a workspace of its own. */
interface Way {
  name: string;
  root: string;
  image: string;
  command: string[];
}

void main();

async function main(): Promise<void> {
  const engine = await locateEngine();
  const folder = mkdtempSync(join(tmpdir(), 'bench-layers-'));
  const ways: Way[] = [];
  try {
    ways.push(...waysIn(folder));
    const rows = await measure(ways, engine);
    const machine = `${machineText()}, Nx ${nxVersion}, ${engineText(engine)}`;
    const report = { machine, rounds, rows, layers: layersOf(ways.at(-1)!) };
    const place = join(workspaceRoot, 'docs/benchmarks');
    writeFileSync(join(place, 'layers.json'), `${JSON.stringify(report, undefined, 1)}\n`);
    writeFileSync(join(place, 'layers.md'), layersPage(report));
    console.log(layersPage(report));
  } finally {
    for (const way of ways) await forget(way, engine);
    rmSync(folder, { recursive: true, force: true });
  }
}

function waysIn(folder: string): Way[] {
  const nx = (root: string) => [join(root, 'node_modules/.bin/nx'), 'run', 'api:docker-build'];
  const buildx = (image: string) => [
    ...['docker', 'buildx', 'build', '--load', '--provenance=false', '--target=runner'],
    ...['--quiet', '--tag', `${image}:main`, 'apps/api'],
  ];
  return ['docker buildx build --load', 'a layer a COPY', 'a layer a package'].map((name, at) => {
    const root = join(folder, String(at));
    mkdirSync(root);
    const image = `bench-layers/${randomBytes(4).toString('hex')}`;
    const layering = name === 'a layer a package' ? 'package' : 'stage';
    makeLoopWorkspace(root, image, { 'apps/api/Dockerfile': dockerfile }, { layering });
    // As a real venv is: some large ones, and many small.
    for (let each = 0; each < 10; each++) install(root, `large${each}`, 3_000_000);
    for (let each = 0; each < 60; each++) install(root, `small${each}`, 250_000 - each * 2000);
    return { name, root, image, command: at === 0 ? buildx(image) : nx(root) };
  });
}

/** A distribution whose content does not compress. */
function install(root: string, name: string, sizeBytes: number): void {
  const site = join(root, SITE);
  mkdirSync(join(site, name), { recursive: true });
  mkdirSync(join(site, `${name}-1.0.dist-info`), { recursive: true });
  writeFileSync(join(site, name, 'data.bin'), randomBytes(sizeBytes));
  writeFileSync(join(site, `${name}-1.0.dist-info/RECORD`), `${name}/data.bin,,\n`);
}

/** How many its folder of packages is. */
function layersOf({ root }: Way): number {
  const folder = join(root, 'dist/apps/api/docker/runner');
  const platform = readdirSync(folder).find((name) => name.startsWith('linux-'))!;
  const { layers } = JSON.parse(readFileSync(join(folder, platform, 'image.json'), 'utf8'));
  // One is of the COPY of sources.
  return (layers as unknown[]).length - 1;
}

async function forget({ image }: Way, engine: Engine): Promise<void> {
  for (const { repository, tag } of await engine.listImages([`reference=${image}`]))
    await engine.removeImage(`${repository}:${tag}`);
}

async function measure(ways: readonly Way[], engine: Engine): Promise<LayersRow[]> {
  const servers = await engineServers();
  const env = { ...clientEnv(engine), NX_DAEMON: 'false', NX_TUI: 'false', CI: undefined };
  const scenarios: Record<string, (way: Way, round: number) => Promise<void>> = {
    'built already, the image removed from the engine': (way) => forget(way, engine),
    'one package of 200 KB added': async ({ root }, round) =>
      install(root, `added${round}`, 200_000),
  };
  const run = ({ command, root }: Way) => measureCommand({ command, cwd: root, env }, servers);
  for (const way of ways) await run(way);
  const rows: LayersRow[] = [];
  for (const [scenario, change] of Object.entries(scenarios)) {
    const found = ways.map(({ name }): LayersRow => ({
      scenario,
      way: name,
      wallMs: [],
      cpuMs: [],
    }));
    for (let round = 0; round < rounds; round += 1)
      for (const [at, way] of ways.entries()) {
        await change(way, round);
        await idleMachine();
        const { wallMs, cpuMs } = await run(way);
        found[at]!.wallMs.push(Math.round(wallMs));
        found[at]!.cpuMs.push(Math.round(cpuMs));
      }
    rows.push(...found);
  }
  return rows;
}
