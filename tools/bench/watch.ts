/**
 * `npx nx run bench:watch`: from a saved file to the new image in the engine, and to the running
 * service that answers with it; docker-watch of the packed plugin beside `docker buildx build --load`
 * and `docker compose watch`. In turns, in one run. Writes docs/benchmarks/watch.md and watch.json.
 *
 * BENCH_ROUNDS (7) makes it smaller.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Engine, locateEngine } from '@excel2doc/engine';
import { debianProgram } from '@excel2doc/oci/testing/debian';
import { makeLoopWorkspace } from './loop-workspace';
import { engineText, machineText } from './machine';
import { measureCommand } from './measure';
import { roundsSet } from './settings';
import { clientEnv } from './ways';
import { workspaceRoot } from '../workspace';
import { type WatchReport, type WatchRow, watchGoals, watchPage } from './watch-table';

const rounds = roundsSet(7);
const PATIENCE_MS = 60_000;
const dockerfile =
  'FROM scratch AS deps\nCOPY deps /deps\nFROM deps AS runner\nCOPY app /app\n' +
  'CMD ["/deps/busybox", "httpd", "-f", "-p", "8000", "-h", "/app"]\n';

void main();

async function main(): Promise<void> {
  const engine = await locateEngine();
  const root = mkdtempSync(join(tmpdir(), 'bench-watch-'));
  const beside = mkdtempSync(join(tmpdir(), 'bench-watch-plain-'));
  const mark = `bench-watch-${randomBytes(4).toString('hex')}`;
  const projects = [`${mark}-ours`, `${mark}-plain`];
  const running: ChildProcess[] = [];
  try {
    const service = (name: string, image: string) =>
      `name: ${name}\nservices:\n  web:\n    ${image}\n    ports: ['127.0.0.1::8000']\n    stop_grace_period: 0s\n`;
    // Compose's watch tries nothing out beside the old container, either.
    const targets = { 'compose-up': { options: { tryOut: false } } };
    makeLoopWorkspace(root, mark, {
      'apps/api/Dockerfile': dockerfile,
      'apps/api/project.json': JSON.stringify({ name: 'api', targets }),
      'apps/api/compose.yaml': service(projects[0]!, `image: ${mark}:dev`),
      'apps/api/deps/busybox': {
        // A mode that git knows: another one would not be in the image.
        mode: 0o755,
        content: readFileSync(debianProgram('busybox-static', 'bin/busybox')),
      },
    });
    // Outside of the workspace, or Nx would take it for a project.
    const plain = join(beside, 'api');
    cpSync(join(root, 'apps/api'), plain, { recursive: true });
    const rebuild = 'build: .\n    develop: { watch: [{ action: rebuild, path: ./app }] }';
    writeFileSync(join(plain, 'compose.yaml'), service(projects[1]!, rebuild));
    const env = { ...clientEnv(engine), NX_DAEMON: 'false', NX_TUI: 'false', CI: undefined };
    const begin = (cwd: string, command: string, ...args: string[]) => {
      const child = spawn(command, args, { cwd, env, detached: true });
      running.push(child);
      return new Said(child);
    };
    const nx = join(root, 'node_modules/.bin/nx');
    const ours = begin(root, nx, 'run', 'api:docker-watch');
    await ours.line('follows its files');
    const buildx = [
      ...['docker', 'buildx', 'build', '--load', '--provenance=false', '--quiet'],
      ...['--tag', `${mark}-plain:dev`, plain],
    ];
    const byBuildx = () => measureCommand({ command: buildx, cwd: root, env }, []);
    await byBuildx();
    const image: Times = { oursMs: [], theirsMs: [] };
    for (let round = 0; round < rounds; round += 1) {
      const start = save(join(root, 'apps/api'));
      await ours.line('sha256:');
      image.oursMs.push(performance.now() - start);
      save(plain);
      image.theirsMs.push((await byBuildx()).wallMs);
    }
    await end(running);
    const up = begin(root, nx, 'run', 'api:docker-watch', '--up');
    await up.line('follows its files');
    const compose = begin(plain, 'docker', 'compose', 'up', '--build', '--watch');
    await compose.line('Watch enabled');
    const answer: Times = { oursMs: [], theirsMs: [] };
    for (let round = 0; round < rounds; round += 1)
      for (const [way, folder, project] of [
        ['oursMs', join(root, 'apps/api'), projects[0]!],
        ['theirsMs', plain, projects[1]!],
      ] as const) {
        const start = save(folder);
        await answers(engine, project, readFileSync(join(folder, 'app/part0.py'), 'utf8'));
        answer[way].push(performance.now() - start);
        // What comes after the answer is not the next one's.
        await sleep(2_000);
      }
    write(engine, [
      { what: 'the image in the engine', to: 'docker buildx build --load', most: 0.2, ...image },
      { what: 'the answer of the service', to: 'docker compose watch', most: 0.5, ...answer },
    ]);
  } finally {
    await end(running);
    for (const project of projects) await removeProject(engine, project);
    for (const reference of [mark, `${mark}-*`])
      for (const { repository, tag } of await engine.listImages([`reference=${reference}`]))
        await engine.removeImage(`${repository}:${tag}`);
    for (const folder of [root, beside]) rmSync(folder, { recursive: true, force: true });
  }
}

type Times = Pick<WatchRow, 'oursMs' | 'theirsMs'>;

function write(engine: Engine, measured: readonly WatchRow[]): void {
  const whole = (times: number[]) => times.map((each) => Math.round(each));
  const rows = measured.map((row) => ({
    ...row,
    oursMs: whole(row.oursMs),
    theirsMs: whole(row.theirsMs),
  }));
  const machine = `${machineText()}, ${engineText(engine)}`;
  const report: WatchReport = { machine, rounds, rows, goals: watchGoals(rows) };
  const folder = join(workspaceRoot, 'docs', 'benchmarks');
  writeFileSync(join(folder, 'watch.json'), `${JSON.stringify(report, undefined, 2)}\n`);
  writeFileSync(join(folder, 'watch.md'), watchPage(report));
  console.log(watchPage(report));
}

/** @returns when */
function save(folder: string): number {
  const start = performance.now();
  writeFileSync(join(folder, 'app/part0.py'), `# ${process.hrtime.bigint()}\n`);
  return start;
}

/** Asks until the service answers with a text. */
async function answers(engine: Engine, project: string, text: string): Promise<void> {
  const until = Date.now() + PATIENCE_MS;
  let port: string | undefined;
  while (Date.now() < until) {
    port ??= await portOf(engine, project);
    const said = await fetch(`http://127.0.0.1:${port}/part0.py`).then(
      (response) => response.text(),
      // Another container has another port.
      () => (port = undefined),
    );
    if (said === text) return;
    await sleep(10);
  }
  throw new Error(`${project} did not answer with what was saved`);
}

async function portOf(engine: Engine, project: string): Promise<string | undefined> {
  const filter = `label=com.docker.compose.project=${project}`;
  const { stdout } = await engine.command(['ps', '--filter', filter, '--format', '{{.Ports}}']);
  return /127\.0\.0\.1:(\d+)->8000/.exec(stdout)?.[1];
}

async function removeProject(engine: Engine, project: string): Promise<void> {
  const filter = `label=com.docker.compose.project=${project}`;
  const { stdout } = await engine.command(['ps', '--all', '--quiet', '--filter', filter]);
  const ids = stdout.split('\n').filter(Boolean);
  if (ids.length > 0) await engine.command(['rm', '--force', ...ids]);
  await engine.command(['network', 'rm', `${project}_default`], { allowFailure: true });
}

/** As Ctrl-C does. */
async function end(running: ChildProcess[]): Promise<void> {
  for (const child of running.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const ended = new Promise((resolve) => child.once('close', resolve));
    process.kill(-child.pid!, 'SIGINT');
    await ended;
  }
}

/** What a program says, as it comes. */
class Said {
  private text = '';

  constructor(child: ChildProcess) {
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (chunk: string) => (this.text += chunk));
  }

  /** Waits until a line has a text; what stood before it is passed over. */
  async line(text: string): Promise<void> {
    const until = Date.now() + PATIENCE_MS;
    while (Date.now() < until) {
      const at = this.text.indexOf(text);
      const end = at < 0 ? -1 : this.text.indexOf('\n', at);
      if (end >= 0) {
        this.text = this.text.slice(end + 1);
        return;
      }
      await sleep(5);
    }
    throw new Error(`nobody said "${text}":\n${this.text}`);
  }
}
