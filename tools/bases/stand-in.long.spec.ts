// Takes 90 s.
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Base, type Engine, locateEngine, ociLayoutContext } from '@excel2doc/engine';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { STAND_IN_TAG } from './layout';
import { provideImage } from './provide';
import { basesFolder, ensureStandIn } from './stand-in';

const log = () => undefined;

/** Made from Debian's packages, so only where Debian's tools are. */
const canMake = process.platform === 'linux' && existsSync('/usr/bin/dpkg');

describe('stand-ins', { timeout: 900_000 }, () => {
  beforeEach(({ skip }) => skip(!canMake, 'missing: dpkg'));

  let engine: Engine;
  let folder: string;

  beforeAll(async () => {
    engine = await locateEngine();
    folder = await mkdtemp(join(tmpdir(), 'stand-in-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const standIn = async (reference: string): Promise<Base> => {
    const { platform } = engine;
    const made = await ensureStandIn(reference, { platform, log });
    const namedContext = ociLayoutContext({
      dir: made.layoutDir,
      tag: STAND_IN_TAG,
      digest: made.digest,
    });
    return { ...made, platform, namedContext, standIn: true };
  };

  it('have the same digest when made twice from the same archive', async () => {
    const make = async (name: string) => {
      const own = join(folder, name);
      await cp(join(basesFolder(), '.mmdebstrap'), join(own, '.mmdebstrap'), {
        recursive: true,
      }).catch(log);
      const { platform } = engine;
      return ensureStandIn('python:3.12-slim-bookworm', { platform, folder: own, log });
    };
    const [one, two] = await Promise.all([make('one'), make('two')]);
    expect(one.layoutDir).not.toBe(two.layoutDir);
    expect(one.digest).toBe(two.digest);
    await rm(folder, { recursive: true });
  });

  it('are made once, however many ask', async () => {
    const said: string[] = [];
    const ask = () =>
      ensureStandIn('redis:7-bookworm', {
        platform: engine.platform,
        log: (line) => said.push(line),
      });
    const [one, two] = await Promise.all([ask(), ask()]);
    expect(one).toEqual(two);
    expect(said.filter((line) => line.startsWith('Making')).length).toBeLessThanOrEqual(1);
  });

  it('are refused for a reference without a recipe, and for a foreign architecture', async () => {
    const { platform } = engine;
    await expect(ensureStandIn('nginx:1', { platform, log })).rejects.toMatchObject({
      code: 'STAND_IN_FAILED',
      message: expect.stringContaining('nginx:1'),
    });
    const foreign = ensureStandIn('redis:7-bookworm', { platform: 'linux/s390x', folder, log });
    await expect(foreign).rejects.toMatchObject({ code: 'STAND_IN_FAILED' });
  });

  it('build like the image that they stand for: python on the path, a venv, the extra CAs in use', async () => {
    const base = await standIn('python:3.12-slim-bookworm');
    const tag = await build(base, [
      'RUN python --version && python3 -m venv /opt/venv && /opt/venv/bin/pip --version',
      'RUN python -c "import os, ssl; ssl.create_default_context(cafile=os.environ[\'SSL_CERT_FILE\'])"',
      'RUN useradd --system app && su app -s /bin/sh -c true',
    ]);
    const image = await engine.inspectImage(tag);
    await engine.removeImage(tag);
    expect(image?.labels['org.excel2doc.stand-in']).toBe(base.reference);
  });

  it('end with the build that is cancelled', async () => {
    const base = await standIn('python:3.12-slim-bookworm');
    const abort = new AbortController();
    const building = build(base, [`RUN echo ${randomUUID()} && sleep 120`], abort.signal);
    setTimeout(() => abort.abort(), 1500);
    await expect(building).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  it('name the step that fails, and show its output', async () => {
    const base = await standIn('python:3.12-slim-bookworm');
    await expect(build(base, ['RUN echo the cause >&2 && exit 3'])).rejects.toMatchObject({
      code: 'BUILD_FAILED',
      message: expect.stringMatching(
        /^Dockerfile:2: RUN echo .* failed \(exit status 3\)\n.*the cause$/,
      ),
    });
  });

  it('come up under Compose, name a port that is taken, and go down', async () => {
    const base = await standIn('redis:7-bookworm');
    await provideImage(engine, base, log);
    const compose = async (port: number | '') => {
      const file = join(await mkdtemp(join(tmpdir(), 'stand-in-')), 'compose.yaml');
      const lines = [
        `name: stand-in-${randomUUID()}`,
        'services:',
        '  redis:',
        '    image: redis:7-bookworm',
        `    ports: ["127.0.0.1:${port}:6379"]`,
        '    healthcheck: { test: [CMD, redis-cli, ping], interval: 300ms }',
      ];
      await writeFile(file, lines.join('\n'));
      return engine.compose({ files: [file] });
    };
    const first = await compose('');
    try {
      await first.up({ wait: true });
      const [container] = await first.ps();
      expect(container).toMatchObject({ service: 'redis', state: 'running', health: 'healthy' });
      const pong = await first.exec('redis', ['redis-cli', 'ping']);
      expect(pong).toMatchObject({ exitCode: 0, stdout: 'PONG\n' });
      expect((await first.exec('redis', ['sh', '-c', 'exit 4'])).exitCode).toBe(4);
      expect((await first.logs()).stdout).toContain('Ready to accept connections');

      const port = container?.ports[0]?.published ?? 0;
      const second = await compose(port);
      await expect(second.up()).rejects.toMatchObject({
        code: 'PORT_TAKEN',
        message: expect.stringContaining(String(port)),
      });
      await second.down();
    } finally {
      await first.down({ volumes: true, timeoutSeconds: 1 });
    }
    expect(await first.ps()).toEqual([]);
  });

  it('of PostgreSQL begin anew when they are killed while they initialise', async () => {
    await provideImage(engine, await standIn('postgres:17-bookworm'), log);
    const name = `stand-in-${randomUUID()}`;
    const server = ['--env', 'POSTGRES_PASSWORD=secret', '--env', 'POSTGRES_DB=my-db'];
    const volume = ['--volume', `${name}:/var/lib/postgresql/data`];
    const docker = (...args: string[]) => engine.command(args, { allowFailure: true });
    try {
      await docker('run', '--detach', '--name', name, ...server, ...volume, 'postgres:17-bookworm');
      await untilLogged(engine, name, 'selecting default');
      await docker('kill', '--signal', 'KILL', name);
      await docker('start', name);
      const query = [
        'psql',
        '-U',
        'postgres',
        '-h',
        '127.0.0.1',
        '-d',
        'my-db',
        '-tAc',
        'select 1',
      ];
      let answer = await docker('exec', name, ...query);
      while (answer.exitCode !== 0) answer = await docker('exec', name, ...query);
      expect(answer.stdout).toBe('1\n');
      expect(
        (await docker('exec', name, 'ls', '-A', '/var/lib/postgresql/data')).stdout,
      ).not.toContain('.initialising');
    } finally {
      await docker('rm', '--force', '--volumes', name);
      await docker('volume', 'rm', name);
    }
  });

  async function build(base: Base, lines: string[], signal?: AbortSignal): Promise<string> {
    const contextDir = await mkdtemp(join(tmpdir(), 'stand-in-'));
    const tag = `excel2doc-test:${randomUUID()}`;
    const dockerfile = join(contextDir, 'Dockerfile');
    await writeFile(dockerfile, [`FROM ${base.reference}`, ...lines, ''].join('\n'));
    await engine.build({
      dockerfile,
      contextDir,
      namedContexts: { [base.reference]: base.namedContext },
      output: { kind: 'load', tags: [tag] },
      showProgress: false,
      ...(signal && { signal }),
    });
    return tag;
  }
});

async function untilLogged(engine: Engine, container: string, text: string): Promise<void> {
  for (;;) {
    const { stdout, stderr } = await engine.command(['logs', container]);
    if (`${stdout}${stderr}`.includes(text)) return;
  }
}
