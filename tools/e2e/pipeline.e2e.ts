import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { locateEngine, type Engine } from '@excel2doc/engine';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Clone, makeClone, runIn } from './clone';
import { foreignWorkbook } from './workbook';
import { textByLibreOffice } from './libreoffice';

let clone: Clone;
let engine: Engine;

const url = (path: string) => `http://127.0.0.1:${clone.port}${path}`;
const nx = (...args: string[]) =>
  runIn(clone, join(clone.folder, 'node_modules', '.bin', 'nx'), args);
const compose = () => engine.compose({ files: [], project: clone.project });
const exec = (...command: string[]) =>
  compose()
    .exec('backend', command)
    .then(({ stdout, stderr }) => stdout + stderr);
const imageDigest = (stage: string) => {
  const platform = engine.platform.replaceAll('/', '-');
  const file = join(clone.folder, 'dist/apps/backend/docker', stage, platform, 'image.json');
  return (JSON.parse(readFileSync(file, 'utf8')) as { digest: string }).digest;
};
/** The tasks that Nx says it took from its cache. */
const hits = (output: string) =>
  [
    ...output.matchAll(
      /nx run (\S+?)(?:\s+--\S+)*\s+\[(?:local cache|existing outputs match the cache, left as is|remote cache)\]/g,
    ),
  ].map(([, task]) => task);

beforeAll(async () => {
  engine = await locateEngine();
  clone = await makeClone('pipeline');
});

afterAll(async () => {
  await runIn(clone, 'npm', ['run', 'stop', '--', '--keep-engine']);
  await engine
    .compose({ project: clone.env['COMPOSE_PROJECT_NAME'] as string, files: [] })
    .down({ volumes: true });
  rmSync(clone.folder, { recursive: true, force: true });
});

describe('from a fresh clone', () => {
  test('npm start ends with the backend up', async () => {
    const { status, output } = await runIn(clone, 'npm', ['start']);
    expect(output).toContain(`http://localhost:${clone.port}/docs`);
    expect(status).toBe(0);
  });

  test('/health shows the database and Redis', async () => {
    const response = await fetch(url('/health'));
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ status: 'ok', database: 'ok', redis: 'ok' });
  });

  test('the API docs are there', async () => {
    const response = await fetch(url('/docs'));
    expect(response.status).toBe(200);
    expect(await response.text()).toContain('swagger');
  });

  test('a workbook made by others comes back as a document that LibreOffice opens', async () => {
    const workbook = await foreignWorkbook();
    const form = new FormData();
    form.append('file', new Blob([workbook.content]), workbook.name);
    const response = await fetch(url('/api/v1/convert'), { method: 'POST', body: form });
    expect(response.status).toBe(200);
    const text = await textByLibreOffice(engine, new Uint8Array(await response.arrayBuffer()));
    for (const cell of workbook.cells) expect(text).toContain(cell);
  });

  test('the container runs as nobody special, cannot write its root, and holds no compiler', async () => {
    expect(await exec('id', '-u')).toMatch(/^10001$/m);
    expect(await exec('touch', '/usr/x')).toContain('Read-only file system');
    const compilers = ['gcc', 'cc', 'cargo', 'rustc', 'make'].map((name) => `command -v ${name}`);
    expect(await exec('sh', '-c', `${compilers.join('; ')}; echo none`)).toBe('none\n');
  });

  test('it stops within two seconds of SIGTERM', async () => {
    const start = performance.now();
    await compose().stop(['backend'], { timeoutSeconds: 30 });
    const [backend] = (await compose().ps()).filter(({ service }) => service === 'backend');
    // The grace period is 30 s: an exit by SIGKILL would be 137.
    expect(backend?.exitCode).not.toBe(137);
    expect(performance.now() - start).toBeLessThan(20_000);
    const { status } = await nx('run', 'backend:compose-up');
    expect(status).toBe(0);
  });
});

describe('after a one-line change in the application', () => {
  test('docker-deps is a cache hit and only docker-runner runs', async () => {
    const before = { deps: imageDigest('deps'), runner: imageDigest('runner') };
    appendFileSync(join(clone.folder, 'apps/backend/app/main.py'), '\n# one line\n');
    const { status, output } = await nx('run', 'backend:docker-build');
    expect(status).toBe(0);
    expect(hits(output)).toEqual(
      expect.arrayContaining(['backend:docker-builder', 'backend:docker-deps']),
    );
    expect(hits(output)).not.toContain('backend:docker-runner');
    expect(imageDigest('deps')).toBe(before.deps);
    expect(imageDigest('runner')).not.toBe(before.runner);
  });

  test('a comment in requirements.txt rebuilds nothing', async () => {
    appendFileSync(join(clone.folder, 'apps/backend/requirements.txt'), '\n# a comment\n');
    const { output } = await nx('run', 'backend:docker-build');
    expect(hits(output)).toEqual(
      expect.arrayContaining(['backend:docker-deps', 'backend:docker-runner']),
    );
  });

  test('after rm -rf dist everything comes back from the cache and nothing is built', async () => {
    const before = imageDigest('runner');
    rmSync(join(clone.folder, 'dist'), { recursive: true });
    const { status, output } = await nx('run', 'backend:docker-build');
    expect(status).toBe(0);
    expect(hits(output)).toEqual(
      expect.arrayContaining([
        'backend:docker-builder',
        'backend:docker-deps',
        'backend:docker-runner',
      ]),
    );
    expect(imageDigest('runner')).toBe(before);
  });

  test('and when the engine lost the image, the same one is put back from the cache', async () => {
    const before = imageDigest('runner');
    await compose().down();
    await engine.removeImage(before);
    const { status, output } = await nx('run', 'backend:docker-build');
    expect(status).toBe(0);
    expect(hits(output)).toContain('backend:docker-runner');
    const loaded = await engine.inspectImage(`excel2doc/backend:${clone.tag}`);
    expect(loaded?.id).toBe(before);
  });
});

test('a second npm start brings the backend back', async () => {
  const { status, output } = await runIn(clone, 'npm', ['start']);
  expect(status).toBe(0);
  expect(output).not.toContain('installing npm packages');
  expect((await fetch(url('/health'))).status).toBe(200);
});

test('an npm start that has nothing to do starts few processes', async () => {
  const file = join(clone.folder, 'tmp', 'processes');
  const hook = join(clone.folder, 'tools/e2e/count-processes.cjs');
  const counting = { PROCESSES_FILE: file, NODE_OPTIONS: `--require=${hook}` };
  const { status, output } = await runIn(clone, 'npm', ['start'], counting);
  expect(status, output).toBe(0);
  const started = readFileSync(file, 'utf8').trimEnd().split('\n');
  // One is enough for all that Nx does itself, one for the task; the others are the engine's client.
  expect(started.filter((line) => line.includes('plugin-worker'))).toEqual([]);
  expect(started.filter((line) => line.includes('run-executor'))).toHaveLength(1);
  expect(started.length, started.join('\n')).toBeLessThanOrEqual(21);
});

describe('bad input is one clear line', () => {
  const backend = (file: string) => join(clone.folder, 'apps/backend', file);

  /** Changes a file for as long as `action` takes. */
  async function withFile(
    path: string,
    change: (text: string) => string,
    action: () => Promise<void>,
  ) {
    const before = existsSync(path) ? readFileSync(path, 'utf8') : undefined;
    writeFileSync(path, change(before ?? ''));
    try {
      await action();
    } finally {
      if (before === undefined) rmSync(path);
      else writeFileSync(path, before);
    }
  }

  test('a Dockerfile that does not parse names file and line', async () => {
    await withFile(
      backend('Dockerfile'),
      (text) => `${text}\nCOPPY app app\n`,
      async () => {
        const { status, output } = await runIn(clone, 'npm', ['start']);
        expect(status).not.toBe(0);
        expect(output).toMatch(/✗ .*Dockerfile:\d+.*COPPY/);
      },
    );
  });

  test('a package that does not exist is named', async () => {
    await withFile(
      backend('requirements.txt'),
      (text) => `${text}\nexcel2doc-no-such-package==1.0 --hash=sha256:${'0'.repeat(64)}\n`,
      async () => {
        const { status, output } = await runIn(clone, 'npm', ['start']);
        expect(status).not.toBe(0);
        expect(output).toMatch(/✗ .*excel2doc-no-such-package/);
      },
    );
  });

  test('a migration that fails half-way is rolled back and the old backend keeps running', async () => {
    const versions = 'alembic/versions';
    const broken = [
      'import sqlalchemy as sa',
      'from alembic import op',
      "revision = 'broken'",
      `down_revision = '${await headRevision()}'`,
      'branch_labels = depends_on = None',
      "def upgrade():\n    op.create_table('half_way', sa.Column('id', sa.Integer))\n    op.execute('SELECT nonsense')",
      'def downgrade():\n    pass',
    ].join('\n');
    await withFile(
      backend(`${versions}/29991231_broken.py`),
      () => broken,
      async () => {
        const { status, output } = await runIn(clone, 'npm', ['start']);
        expect(status).not.toBe(0);
        expect(output).toMatch(/✗ .*migration.*rolled back/i);
        expect((await fetch(url('/health'))).status).toBe(200);
      },
    );
    expect(await exec('alembic', 'current')).not.toContain('broken');
  });

  async function headRevision(): Promise<string> {
    return /^(\S+) \(head\)/m.exec(await exec('alembic', 'heads'))?.[1] ?? '';
  }

  test('a port that another program holds is named', async () => {
    const { createServer } = await import('node:http');
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const { status, output } = await runIn(clone, 'npm', ['start'], { BACKEND_PORT: String(port) });
    server.close();
    expect(status).not.toBe(0);
    expect(output).toMatch(new RegExp(`✗ Port ${port}`));
  });
});

describe('npm run stop', () => {
  test('stops the backend within its grace period and leaves no container, but the data', async () => {
    const { status } = await runIn(clone, 'npm', ['run', 'stop', '--', '--keep-engine']);
    expect(status).toBe(0);
    expect(await compose().ps()).toEqual([]);
    const { stdout } = await engine.command([
      'volume',
      'ls',
      '--quiet',
      '--filter',
      `label=com.docker.compose.project=${clone.project}`,
    ]);
    expect(stdout.split('\n').filter(Boolean).sort()).toEqual(
      ['postgres', 'redis', 'storage'].map((name) => `${clone.project}_${name}`),
    );
  });
});
