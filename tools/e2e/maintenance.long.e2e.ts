// Takes 420 s.
import { randomUUID } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Engine, cacheFolder, locateEngine } from '@excel2doc/engine';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { askDebugger, askOverTls, until } from './asking';
import { type Clone, freePort, makeClone, runIn } from './clone';
import { SHOWS, guideCommands, nx } from './guide';
import { buildImage } from './image';
import { startLoad } from './load';
import { CTRL_C, type Terminal, openTerminal } from './terminal';
import { provideTlsFront } from './tls-front';

let clone: Clone;
let engine: Engine;
const ran = new Set<string>();

const url = (path: string) => `http://127.0.0.1:${clone.port}${path}`;
const file = (path: string) => join(clone.folder, path);
const compose = () => engine.compose({ files: [], project: clone.project });

/** Runs a command as the guide has it. */
async function run(command: string): Promise<string> {
  ran.add(command);
  // The engine is shared with other clones, and with the tests beside this one.
  const literal = command === 'npm run stop' ? `${command} -- --keep-engine` : command;
  const { status, output } = await runIn(clone, 'sh', ['-c', literal]);
  expect(output).toMatch(SHOWS[command] ?? /never/);
  expect(status).toBe(0);
  return output;
}

/** A cache folder that has all of the user's, but keeps to itself what is found of base images. */
function separateBases(): string {
  const home = mkdtempSync(join(tmpdir(), 'e2e-cache-'));
  const [own, bases] = [join(home, 'excel2doc'), join(home, 'excel2doc', 'bases')];
  mkdirSync(bases, { recursive: true });
  for (const [from, to, left] of [
    [cacheFolder(), own, 'bases'],
    [join(cacheFolder(), 'bases'), bases, 'bases.json'],
  ] as const)
    for (const name of readdirSync(from))
      if (name !== left) symlinkSync(join(from, name), join(to, name));
  return home;
}

/** The same in a terminal, with `use` at its keyboard. */
async function inTerminal(
  command: string,
  use: (terminal: Terminal) => Promise<void>,
): Promise<void> {
  ran.add(command);
  const terminal = await openTerminal(clone, command);
  await terminal.waitFor(SHOWS[command] ?? /never/);
  await use(terminal);
  await terminal.end();
}

/** Rows of a query, without psql's frame. */
async function query(sql: string): Promise<string> {
  const command = ['psql', '-U', 'excel2doc', '-d', 'excel2doc', '-Atc', sql];
  return (await compose().exec('postgres', command)).stdout.trim();
}

const conversions = () =>
  query(`SELECT count(*), md5(string_agg(c::text, '' ORDER BY id)) FROM conversions c`);

const filesIn = (folder: string) => readdirSync(file(folder), { recursive: true }).map(String);

function change(path: string, edit: (text: string) => string): () => void {
  const before = readFileSync(file(path), 'utf8');
  writeFileSync(file(path), edit(before));
  return () => writeFileSync(file(path), before);
}

async function ofBackend(format: string): Promise<string> {
  const { stdout } = await engine.command([
    ...['container', 'inspect', '--format', format, `${clone.project}-backend-1`],
  ]);
  return stdout.trim();
}
const imageId = () => ofBackend('{{.Image}}');
const imageName = () => ofBackend('{{.Config.Image}}');

/**
 * After a watch: Nx ends all that it has started at Ctrl-C, which can be before the container of the
 * last build is back, and until then the watched one answers.
 */
async function backInPlace(): Promise<void> {
  await until(async () => !(await imageName()).endsWith(':test'));
  await until(async () => (await fetch(url('/health'))).ok);
}

beforeAll(async () => {
  engine = await locateEngine();
  clone = await makeClone('maintenance');
  // The whole suite has a run of its own; here it is the command that is tested.
  for (const path of filesIn('apps/backend/tests'))
    if (/test_(?!zip_guard)\w+\.py$/.test(path)) rmSync(file(join('apps/backend/tests', path)));
  change('apps/backend/pyproject.toml', (text) => text.replace(' --cov-fail-under=95', ''));
});

afterAll(async () => {
  await compose().down({ volumes: true });
  rmSync(clone.folder, { recursive: true, force: true });
});

test('each command of the guide is tested here', () => {
  expect(Object.keys(SHOWS).sort()).toEqual(guideCommands().sort());
});

describe('daily work', () => {
  test('npm start', async () => {
    await run('npm start');
  });

  test.each([
    nx('compose-ps'),
    nx('compose-ls'),
    nx('compose-logs --no-follow'),
    nx('compose-logs --no-follow --service=backend --since=10m --level=warning'),
    nx('compose-restart --service=backend'),
    nx('compose-restart'),
    nx('health'),
    nx('stats --json'),
    nx('images'),
    nx('doctor'),
    nx('preflight'),
    nx('docker-audit'),
    nx('pip-list'),
    nx('exec -- python --version'),
    nx('test'),
  ])('%s', async (command) => {
    await run(command);
  });
});

test('the doctor knows of a registry that did not answer', async () => {
  const cache = separateBases();
  try {
    const env = { XDG_CACHE_HOME: cache, NX_STAGES_REGISTRY_MIRROR: '' };
    // Whoever asks goes through a proxy that is not there.
    const lost = { ...env, HTTPS_PROXY: 'http://127.0.0.1:9', https_proxy: 'http://127.0.0.1:9' };
    const resolve = ['--import', 'tsx', 'tools/bases/cli.ts', '--refresh'];
    const asked = await runIn(clone, 'node', resolve, lost);
    expect(asked.output).toContain('No image registry answers');
    expect(asked.status).toBe(0);
    const { output } = await runIn(clone, 'sh', ['-c', nx('doctor --json')], env);
    expect(output).toContain('"id": "registry-unreachable"');
  } finally {
    rmSync(cache, { recursive: true });
  }
});

describe('in a terminal', () => {
  test('compose-logs follows until Ctrl-C', async () => {
    await inTerminal(nx('compose-logs'), async ({ waitFor, type }) => {
      const name = `/seen-${randomUUID()}`;
      await fetch(url(name));
      await waitFor(new RegExp(`backend-1 .*${name}`));
      type(CTRL_C);
    });
  });

  test('stats is live until Ctrl-C', async () => {
    await inTerminal(nx('stats'), async ({ waitFor, type }) => {
      await waitFor(/-backend-1 .*MiB/);
      await waitFor(/CPU %/);
      type(CTRL_C);
    });
  });

  test.each([
    [nx('shell'), 'app'],
    [nx('shell --user=root'), 'root'],
  ])('%s is a shell as %s', async (command, user) => {
    await inTerminal(command, async ({ waitFor, type }) => {
      type('test -t 0 && echo "a terminal of $(id -un)."\n');
      await waitFor(new RegExp(`a terminal of ${user}\\.`));
      type('exit\n');
    });
  });

  test('db-shell is psql, with a line to edit and tab completion', async () => {
    await inTerminal(nx('db-shell'), async ({ waitFor, type }) => {
      type('SELECT count(*) FROM convers\t;\n');
      await waitFor(/FROM conversions/);
      await waitFor(/\(1 row\)/);
      type('\\q\n');
    });
  });
});

describe('the database', () => {
  let rows: string;

  test('a statement', async () => {
    await run(nx('db-shell -- -c "SELECT 1"'));
  });

  test('a backup taken, the volume destroyed, the backup restored: the same rows', async () => {
    const workbook = readFileSync(file('apps/backend/tests/data/sample.xlsx'));
    for (const name of ['first.xlsx', '第二.xlsx', "third's.xlsx"]) {
      const form = new FormData();
      form.append('file', new Blob([workbook]), name);
      const response = await fetch(url('/api/v1/convert'), { method: 'POST', body: form });
      expect(response.status).toBe(200);
    }
    rows = await conversions();
    expect(rows).toMatch(/^3\|/);
    await run(nx('db-backup --keep=14'));

    const down = nx(`compose-down --volumes --confirm=${clone.project}`);
    expect(await runIn(clone, 'sh', ['-c', down])).toMatchObject({ status: 0 });
    const { stdout } = await engine.command([
      ...['volume', 'ls', '--quiet', '--filter'],
      `label=com.docker.compose.project=${clone.project}`,
    ]);
    expect(stdout).toBe('');

    await run(nx('compose-up'));
    expect(await conversions()).toBe('0|');
    await run(nx('db-restore --confirm=excel2doc'));
    expect(await conversions()).toBe(rows);
    expect((await fetch(url('/health'))).status).toBe(200);
  });

  test('a backup of the whole service, verified, put back while it runs: it asks, then all is there', async () => {
    for (const command of ['backup', 'backup-verify --list', 'backup-verify'])
      await run(nx(command));
    const refused = await runIn(clone, 'sh', ['-c', nx('restore')]);
    expect(refused.output).toMatch(/rows and \d+ files; they are kept aside\) would be lost/);
    expect(refused.status).not.toBe(0);
    const before = await conversions();
    await query(`DELETE FROM conversions`);
    const restore = nx(`restore --confirm=${clone.project}`);
    const { output, status } = await runIn(clone, 'sh', ['-c', restore]);
    expect(output).toMatch(/stopped meanwhile, and healthy again: backend, worker/);
    expect(status).toBe(0);
    expect(await conversions()).toBe(before);
    expect((await fetch(url('/health'))).status).toBe(200);
  });

  test('a model changes: its migration is written, shown, and applied', async () => {
    change('apps/backend/app/tables.py', (text) =>
      text.replace(
        '    duration_ms: Mapped[int]\n',
        '    duration_ms: Mapped[int]\n    note: Mapped[str | None]\n',
      ),
    );
    const folder = file('apps/backend/alembic/versions');
    const before = readdirSync(folder).length;
    await run(nx('db-revision --message="add a note"'));
    expect(readdirSync(folder)).toHaveLength(before + 1);
    await run(nx('db-migrate --dryRun'));
    await run(nx('db-migrate'));
    await run(nx('db-history'));
    expect(await query(`SELECT count(note) FROM conversions`)).toBe('0');
    await run(nx('docker-build'));
    await run(nx('docker-build --fresh'));
    await run(nx('compose-up'));
    await run(nx('db-check'));
    expect(await query('SELECT count(*) FROM conversions')).toBe('3');
  });
});

describe('after a change', () => {
  test('a saved file is in the running container, and the server has reloaded', async () => {
    await inTerminal(nx('compose-watch'), async ({ waitFor, type }) => {
      await waitFor(/[Ww]atch/);
      expect((await fetch(url('/watched'))).status).toBe(404);
      const undo = change(
        'apps/backend/app/main.py',
        (text) => `${text}\napp.add_api_route("/watched", lambda: "saved")\n`,
      );
      const start = performance.now();
      await until(async () => (await fetch(url('/watched'))).ok);
      console.log(`saved to answered: ${Math.round(performance.now() - start)} ms`);
      undo();
      change('apps/backend/requirements.txt', (text) => `${text}# a comment\n`);
      await waitFor(/requirements\.txt has changed: the image is built anew/);
      await waitFor(/Watch enabled/);
      type(CTRL_C);
    });
    await backInPlace();
    const { stdout } = await compose().exec('backend', ['sh', '-c', 'touch app/x || echo no']);
    expect(stdout).toBe('no\n');
    await until(async () => (await fetch(url('/watched'))).status === 404);
  });

  test('a debugger can attach', async () => {
    const port = await freePort();
    const command = `${nx('compose-watch')} --debugPort=${port}`;
    const terminal = await openTerminal(clone, command);
    await terminal.waitFor(/debugger: attach to localhost/);
    await until(async () =>
      /"supportsConfigurationDoneRequest": *true/.test(await askDebugger(port)),
    );
    terminal.type(CTRL_C);
    await terminal.end();
    await backInPlace();
  });

  test('a bad image never leaves requests unanswered for two seconds', async () => {
    const before = await imageId();
    const undo = change(
      'apps/backend/app/main.py',
      (text) => `${text}\nraise RuntimeError("a bad image")\n`,
    );
    const load = startLoad(url('/health'));
    const { status, output } = await runIn(clone, 'sh', ['-c', nx('compose-up')]);
    const { answered, longestGapMs } = await load.stop();
    undo();
    console.log(`a bad image: ${answered} answers, longest gap ${Math.round(longestGapMs)} ms`);
    expect(status).not.toBe(0);
    expect(output).toContain('RuntimeError: a bad image');
    expect(output).toMatch(
      /✗ The new image \(\w{12}\) did not get healthy: backend: .*, backend \(\w{12}\) still serves/,
    );
    expect(answered).toBeGreaterThan(10);
    expect(longestGapMs).toBeLessThan(2_000);
    expect(await imageId()).toBe(before);
  });
});

describe('cleaning up', () => {
  test('prune shows, then deletes; volumes and what runs stay', async () => {
    const rows = await conversions();
    await run(nx('prune'));
    await run(nx('prune --buildCache'));
    await run(nx('prune --yes'));
    expect((await fetch(url('/health'))).status).toBe(200);
    expect(await conversions()).toBe(rows);
    expect(await run(nx('prune'))).toContain('would free at most 0 B');
  });
});

describe('monitoring', () => {
  test('Prometheus reads the backend, and answers every query of the dashboard', async () => {
    const stand = 'excel2doc/e2e-prometheus';
    await buildImage(engine, stand, join(__dirname, 'prometheus'));
    const undo = change('docker/compose.yaml', (text) =>
      text.replace(/image: prom\/prometheus:\S+/, `image: ${stand}`),
    );
    const port = await freePort();
    const watched = engine.compose({
      files: [file('docker/compose.yaml')],
      envFile: file('docker/.env'),
      project: clone.project,
      profiles: ['monitoring'],
      variables: { ...clone.env, PROMETHEUS_PORT: String(port) },
    });
    await watched.up({ services: ['prometheus'], noDeps: true, wait: true });
    const ask = async (query: string) => {
      const address = `http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(query)}`;
      return (await (await fetch(address)).json()) as Answer;
    };
    await until(async () => (await ask('sum(up{job="backend"})')).data.result[0]?.value[1] === '1');
    const exposed = await (await fetch(url('/metrics'))).text();
    const queries = dashboardQueries();
    expect(queries.length).toBeGreaterThan(10);
    for (const query of queries) {
      expect(await ask(query)).toMatchObject({ status: 'success' });
      for (const [metric] of query.matchAll(/\b(excel2doc|process)_\w+/g))
        expect(exposed).toContain(`# TYPE ${metric.replace(/_bucket$/, '')} `);
    }
    await watched.call(['rm', '--stop', '--force', 'prometheus']);
    undo();
  });
});

describe('the end', () => {
  test('compose-down and npm run stop leave the data', async () => {
    const rows = await conversions();
    await run(nx('compose-down'));
    expect(await compose().ps()).toEqual([]);
    await run('npm start');
    expect(await conversions()).toBe(rows);
    await run('npm run stop');
    expect(await compose().ps()).toEqual([]);
  });
});

describe('production', () => {
  test('its values are written, strong, and for their owner alone', async () => {
    const said = await run(nx('env --set=SITE_ADDRESS=docs.example.org'));
    const text = readFileSync(file('docker/.env.prod'), 'utf8');
    const [, password = ''] = /^POSTGRES_PASSWORD=([0-9a-f]{48})$/m.exec(text) ?? [];
    expect(password).not.toBe('');
    expect(said).not.toContain(password);
    expect(statSync(file('docker/.env.prod')).mode & 0o777).toBe(0o600);
  });

  test('comes up behind TLS, on the same data, after a verified backup', async () => {
    const https = await provideTlsFront(engine, clone);
    const values = readFileSync(file('docker/.env'), 'utf8');
    writeFileSync(file('docker/.env.prod'), `${values}SITE_ADDRESS=localhost\n`);
    const backups = () => filesIn('backups').filter((path) => path.endsWith('.dump')).length;
    const before = backups();
    const shown = await run(nx('deploy --dryRun'));
    expect(shown).not.toContain(/POSTGRES_PASSWORD=(.*)/.exec(values)?.[1]);
    await run(nx('deploy --to=kubernetes --repository=registry.example.org/team/backend'));
    await run(nx('deploy --to=helm --repository=registry.example.org/team/backend'));
    await run(nx('compose-up -c production'));
    expect(backups()).toBe(before + 1);
    expect(await conversions()).toMatch(/^3\|/);
    expect(await askOverTls(https, '/health')).toContain('"database":"ok"');
    expect(await askOverTls(https, '/metrics')).toBe('');
    await expect(fetch(url('/health'))).rejects.toMatchObject({
      cause: { code: 'ECONNREFUSED' },
    });
    const down = await runIn(clone, 'sh', ['-c', nx('compose-down -c production')]);
    expect(down).toMatchObject({ status: 0 });
    expect(await compose().ps()).toEqual([]);
  });
});

test('every command of the guide was run', () => {
  expect([...ran].sort()).toEqual(Object.keys(SHOWS).sort());
});

interface Answer {
  status: string;
  data: { result: { value: [number, string] }[] };
}

function dashboardQueries(): string[] {
  const path = file('docker/monitoring/grafana/dashboards/excel2doc.json');
  const { panels } = JSON.parse(readFileSync(path, 'utf8')) as {
    panels: { targets: { expr: string }[] }[];
  };
  return panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
}
