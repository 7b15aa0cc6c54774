import { spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BuildOptions } from './build/options';
import { runChild } from './client/child';
import type { Engine } from './engine';
import { ociLayoutContext } from './image/layout';
import { locateEngine } from './locate';

/** Against the engine that is there: `npm start`, or `npx tsx tools/engine/cli.ts start`, has one. */
describe('Engine', { timeout: 60_000 }, () => {
  let engine: Engine;
  let folder: string;
  const tag = `excel2doc-test:${randomUUID()}`;

  beforeAll(async () => {
    engine = await locateEngine();
    folder = await mkdtemp(join(tmpdir(), 'engine-spec-'));
    await writeFile(
      join(folder, 'Dockerfile'),
      'FROM scratch AS base\nCOPY a.txt /a.txt\n\nFROM base AS top\nCOPY b.txt /b.txt\n',
    );
    await writeFile(join(folder, 'a.txt'), `${randomUUID()}\n`);
    await writeFile(join(folder, 'b.txt'), 'b\n');
  });

  afterAll(async () => {
    await engine.removeImage(tag);
    await rm(folder, { recursive: true, force: true });
  });

  const options = (more: Partial<BuildOptions>): BuildOptions => ({
    dockerfile: join(folder, 'Dockerfile'),
    contextDir: folder,
    showProgress: false,
    output: { kind: 'load', tags: [] },
    ...more,
  });

  it('builds into an OCI layout that holds what its digest names', async () => {
    const dir = join(folder, 'layout');
    const { digest } = await engine.build(
      options({ target: 'base', output: { kind: 'oci-layout', dir } }),
    );
    const index = JSON.parse(await readFile(join(dir, 'index.json'), 'utf8'));
    expect(index.manifests[0].digest).toBe(digest);
    const manifest = JSON.parse(await readFile(join(dir, 'blobs', ...digest.split(':')), 'utf8'));
    expect(manifest.layers).toHaveLength(1);
    expect((await readdir(folder)).filter((name) => name.includes('unfinished'))).toEqual([]);
  });

  it('gives the same digest twice, without attestations', async () => {
    const build = (dir: string) =>
      engine.build(
        options({ target: 'base', output: { kind: 'oci-layout', dir: join(folder, dir) } }),
      );
    expect((await build('one')).digest).toBe((await build('two')).digest);
    const index = JSON.parse(await readFile(join(folder, 'one', 'index.json'), 'utf8'));
    expect(index.manifests).toHaveLength(1);
  });

  it('builds on a named context instead of the stage of that name', async () => {
    const dir = join(folder, 'base');
    const { digest } = await engine.build(
      options({ target: 'base', output: { kind: 'oci-layout', dir } }),
    );
    await rm(join(folder, 'a.txt'));
    const named = { base: ociLayoutContext({ dir, tag: 'latest', digest }) };
    const top = join(folder, 'top');
    await engine.build(
      options({ target: 'top', namedContexts: named, output: { kind: 'oci-layout', dir: top } }),
    );
    await writeFile(join(folder, 'a.txt'), `${randomUUID()}\n`);
    expect(await readdir(join(top, 'blobs', 'sha256'))).toContain(
      JSON.parse(
        await readFile(join(dir, 'blobs', ...digest.split(':')), 'utf8'),
      ).layers[0].digest.slice(7),
    );
  });

  it('leaves an earlier layout alone when a build fails, and says which line is wrong', async () => {
    const dir = join(folder, 'kept');
    const { digest } = await engine.build(
      options({ target: 'base', output: { kind: 'oci-layout', dir } }),
    );
    await writeFile(join(folder, 'Broken'), 'FROM scratch\nCOPPY a.txt /\n');
    const broken = engine.build(
      options({ dockerfile: join(folder, 'Broken'), output: { kind: 'oci-layout', dir } }),
    );
    await expect(broken).rejects.toMatchObject({
      code: 'DOCKERFILE_INVALID',
      message: expect.stringContaining('line 2'),
    });
    expect(await readFile(join(dir, 'index.json'), 'utf8')).toContain(digest);
  });

  it('loads, lists, tags, saves, loads again and removes an image', async () => {
    await engine.build(
      options({
        target: 'top',
        labels: { 'org.excel2doc.test': tag },
        output: { kind: 'load', tags: [tag] },
      }),
    );
    const image = await engine.inspectImage(tag);
    expect(image).toMatchObject({
      tags: [tag],
      platform: engine.platform,
      labels: { 'org.excel2doc.test': tag },
    });
    expect(image?.layers).toHaveLength(2);

    const second = `${tag}-second`;
    await engine.tag(tag, second);
    const listed = await engine.listImages([`label=org.excel2doc.test=${tag}`]);
    expect(listed.map((each) => `${each.repository}:${each.tag}`).sort()).toEqual([tag, second]);

    const saved = new PassThrough();
    const chunks: Buffer[] = [];
    saved.on('data', (chunk: Buffer) => chunks.push(chunk));
    await engine.saveImage(second, saved);
    expect(await engine.removeImage(second)).toBe(true);
    expect(await engine.inspectImage(second)).toBeNull();
    expect(await engine.loadImage(Readable.from(chunks))).toEqual({ loaded: [second] });
    expect((await engine.inspectImage(second))?.id).toBe(image?.id);
    await engine.removeImage(second);
  });

  it('says of an image that is not there that it is not there', async () => {
    const absent = `excel2doc-test:${randomUUID()}`;
    expect(await engine.inspectImage(absent)).toBeNull();
    expect(await engine.removeImage(absent)).toBe(false);
    await expect(engine.run({ image: absent })).rejects.toMatchObject({ code: 'IMAGE_NOT_FOUND' });
  });

  it('refuses a tar that is no image', async () => {
    await expect(engine.loadImage(Readable.from(['no tar']))).rejects.toMatchObject({
      code: 'COMMAND_FAILED',
    });
  });

  it('says of a thin image that the engine lacks a layer that it builds on', async () => {
    const dir = join(folder, 'thin');
    await writeFile(join(folder, 'a.txt'), `${randomUUID()}\n`);
    const { digest } = await engine.build(
      options({ target: 'base', output: { kind: 'oci-layout', dir } }),
    );
    const blob = (name: string) => join(dir, 'blobs', ...name.split(':'));
    const manifest = JSON.parse(await readFile(blob(digest), 'utf8'));
    manifest.layers[0].digest = `sha256:${'0'.repeat(64)}`;
    await writeFile(blob(digest), JSON.stringify(manifest));
    const bytes = await readFile(blob(digest));
    const thin = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    await writeFile(blob(thin), bytes);
    await expect(engine.loadLayout({ dir, digest: thin }, tag)).rejects.toMatchObject({
      code: 'LAYERS_MISSING',
    });
  });

  it('reads a Compose file as Compose does', async () => {
    const file = join(folder, 'compose.yaml');
    await writeFile(file, 'name: spec\nservices:\n  a:\n    image: "x:${VERSION}"\n');
    const compose = engine.compose({ files: [file], variables: { VERSION: '7' } });
    expect(await compose.config()).toMatchObject({
      name: 'spec',
      services: { a: { image: 'x:7' } },
    });
    expect(await compose.ps()).toEqual([]);
  });

  it('names the image that a service lacks', async () => {
    const file = join(folder, 'absent.yaml');
    const image = `excel2doc-test:${randomUUID()}`;
    await writeFile(file, `name: spec-${randomUUID()}\nservices:\n  a:\n    image: ${image}\n`);
    await expect(engine.compose({ files: [file] }).up()).rejects.toMatchObject({
      code: 'IMAGE_NOT_FOUND',
      message: expect.stringContaining(image),
    });
  });

  it('ends a client at once when its signal is aborted', async () => {
    const abort = new AbortController();
    const mark = randomUUID();
    const events = engine.command(['events', '--filter', `label=${mark}`], {
      signal: abort.signal,
    });
    await until(async () => (await processesWith(mark)).length > 0);
    abort.abort();
    await expect(events).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(await processesWith(mark)).toEqual([]);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'leaves no client behind when we get %s',
    async (signal) => {
      const mark = randomUUID();
      const script = join(folder, 'parent.ts');
      await writeFile(
        script,
        `import { locateEngine } from ${JSON.stringify(join(__dirname, 'index.ts'))};
       void locateEngine().then((engine) => engine.command(['events', '--filter', 'label=${mark}']));`,
      );
      const parent = spawn(process.execPath, ['--import', 'tsx', script], {
        cwd: __dirname,
        stdio: 'ignore',
      });
      const exited = once(parent, 'exit');
      await until(async () => (await processesWith(mark)).length > 0);
      parent.kill(signal);
      await exited;
      await until(async () => (await processesWith(mark)).length === 0);
    },
  );
});

describe('runChild', () => {
  it('ends what does not answer in time, and says so', async () => {
    const child = runChild('sleep', 'sleep', ['60'], { baseEnv: process.env, timeoutMs: 50 });
    await expect(child).rejects.toMatchObject({ code: 'TIMED_OUT' });
  });

  it('says of a program that is not there that it cannot be started', async () => {
    const child = runChild('x', join(tmpdir(), randomUUID()), [], { baseEnv: process.env });
    await expect(child).rejects.toMatchObject({ code: 'NO_ENGINE' });
  });

  it('keeps a status other than 0 as an answer when asked to', async () => {
    const options = { baseEnv: process.env, allowFailure: true };
    const result = await runChild('sh', 'sh', ['-c', 'echo out; echo err >&2; exit 7'], options);
    expect(result).toEqual({ exitCode: 7, stdout: 'out\n', stderr: 'err\n' });
  });
});

describe('locateEngine', () => {
  it('says why no engine answers, and what to do', async () => {
    const empty = await mkdtemp(join(tmpdir(), 'engine-spec-'));
    await mkdir(join(empty, 'excel2doc'), { recursive: true });
    const env = { PATH: empty, XDG_CACHE_HOME: empty };
    await expect(locateEngine({ env })).rejects.toMatchObject({
      code: 'NO_ENGINE',
      message: expect.stringMatching(/docker: not installed.*private engine: none is set up/),
      hint: expect.stringContaining('Start Docker'),
    });
    await rm(empty, { recursive: true });
  });

  it('names the host that DOCKER_HOST points to when nothing listens there', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    server.close();
    const engine = await locateEngine();
    const empty = await mkdtemp(join(tmpdir(), 'engine-spec-'));
    const env = {
      ...process.env,
      PATH: [join(engine.docker, '..'), process.env['PATH']].join(':'),
      DOCKER_CONTEXT: '',
      DOCKER_HOST: `tcp://127.0.0.1:${port}`,
      XDG_CACHE_HOME: empty,
    };
    await expect(locateEngine({ env })).rejects.toMatchObject({
      code: 'NO_ENGINE',
      message: expect.stringContaining(`127.0.0.1:${port}`),
    });
    await rm(empty, { recursive: true });
  });
});

/** Process ids whose command line has `mark` in it. */
async function processesWith(mark: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => {
      const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      return command.includes(mark) ? [pid] : [];
    }),
  );
  return found.flat();
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 50));
}
