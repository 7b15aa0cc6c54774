import { randomUUID } from 'node:crypto';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Engine } from './engine';
import { locateEngine } from './locate';
import { isOfThisMachine, socketOf, systemHost } from './store/endpoint';
import type { ImageStore } from './store/image-store';
import { openImageStore } from './open-store';
import { SocketStore } from './store/socket-store';

describe('the images of an engine', { timeout: 60_000 }, () => {
  let engine: Engine;
  let store: ImageStore;
  let folder: string;
  let id: string;
  const name = `excel2doc-test-${randomUUID()}`;
  const saved = async () => {
    const tar = new PassThrough();
    void engine.saveImage(`${name}:one`, tar);
    const chunks: Buffer[] = [];
    for await (const chunk of tar) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  };

  beforeAll(async () => {
    engine = await locateEngine();
    store = await openImageStore();
    folder = await mkdtemp(join(tmpdir(), 'engine-store-'));
    await writeFile(join(folder, 'Dockerfile'), 'FROM scratch\nCOPY a.txt /a.txt\n');
    await writeFile(join(folder, 'a.txt'), randomUUID());
    await engine.build({
      dockerfile: join(folder, 'Dockerfile'),
      contextDir: folder,
      showProgress: false,
      output: { kind: 'load', tags: [`${name}:one`] },
    });
    id = (await engine.inspectImage(`${name}:one`))?.id ?? '';
  });

  afterAll(async () => {
    await engine.removeImage(id);
    await rm(folder, { recursive: true, force: true });
  });

  it('are asked for over the socket, of the engine that locateEngine gives', () => {
    expect(store).toBeInstanceOf(SocketStore);
    expect([store.platform, store.store]).toEqual([engine.platform, engine.store]);
  });

  it('are the same to the socket and to the client', async () => {
    const names = [`${name}:one`, `docker.io/library/${name}:one`, `${name}:two`];
    const expected = new Map(names.slice(0, 2).map((each) => [each, id]));
    expect(await store.imageIds(names)).toEqual(expected);
    expect(await engine.imageIds(names)).toEqual(expected);
    expect(await store.inspectImage(id)).toEqual(await engine.inspectImage(id));
    expect(await store.inspectImage(`${name}:two`)).toBeNull();
  });

  it('get a name', async () => {
    await store.tag(id, `localhost:5000/${name}:tagged`);
    expect((await engine.inspectImage(`localhost:5000/${name}:tagged`))?.id).toBe(id);
    await expect(store.tag(`${name}:absent`, `${name}:two`)).rejects.toMatchObject({
      code: 'IMAGE_NOT_FOUND',
    });
  });

  it('come in as docker save writes them', async () => {
    const tar = await saved();
    await engine.removeImage(id);
    await store.loadImage(Readable.from([tar]));
    expect((await engine.inspectImage(`${name}:one`))?.id).toBe(id);
  });

  it('do not come in from a tar that is none, or that breaks off', async () => {
    await expect(store.loadImage(Readable.from(['no tar']))).rejects.toMatchObject({
      code: 'COMMAND_FAILED',
    });
    const damage = Object.assign(new Error('damaged'), { code: 'BLOB_DAMAGED' });
    const broken = Readable.from(
      (async function* () {
        yield (await saved()).subarray(0, 1024);
        throw damage;
      })(),
    );
    await expect(store.loadImage(broken)).rejects.toBe(damage);
  });
});

describe('where the engine is', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'engine-endpoint-'));
    await writeFile(join(folder, 'docker'), '#!/bin/sh\nexit 1\n');
    await chmod(join(folder, 'docker'), 0o755);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  const env = (more: NodeJS.ProcessEnv = {}) => ({ PATH: folder, DOCKER_CONFIG: folder, ...more });

  it('is nowhere without a client', async () => {
    expect(await systemHost({ PATH: '/nowhere' })).toBeUndefined();
  });

  it('is DOCKER_HOST, else the context, else the usual socket', async () => {
    expect(await systemHost(env())).toBe('unix:///var/run/docker.sock');
    // As `docker context create desktop-linux` writes it.
    const id = 'fe9c6bd7a66301f49ca9b6a70b217107cd1284598bfc254700c989b916da791e';
    const meta = join(folder, 'contexts', 'meta', id);
    await mkdir(meta, { recursive: true });
    const host = 'unix:///home/me/.docker/run/docker.sock';
    await writeFile(
      join(meta, 'meta.json'),
      JSON.stringify({ Name: 'desktop-linux', Endpoints: { docker: { Host: host } } }),
    );
    expect(await systemHost(env({ DOCKER_CONTEXT: 'desktop-linux' }))).toBe(host);
    await writeFile(join(folder, 'config.json'), '{"currentContext":"desktop-linux"}');
    expect(await systemHost(env())).toBe(host);
    expect(await systemHost(env({ DOCKER_HOST: 'tcp://build:2376' }))).toBe('tcp://build:2376');
  });

  it.each([
    [undefined, true],
    ['unix:///run/docker.sock', true],
    ['npipe:////./pipe/docker_engine', true],
    ['tcp://build:2376', false],
    ['ssh://me@build', false],
  ])('%s: of this machine %s', (host, isHere) => expect(isOfThisMachine(host)).toBe(isHere));

  it('is a socket only where it is one', () => {
    expect(socketOf('unix:///run/docker.sock')).toBe('/run/docker.sock');
    expect(socketOf('ssh://build')).toBeUndefined();
  });

  it('an engine elsewhere, or one that does not answer, is the client’s to ask', async () => {
    const only = { XDG_CACHE_HOME: folder };
    await expect(
      openImageStore({ env: env({ ...only, DOCKER_HOST: 'tcp://127.0.0.1:1' }) }),
    ).rejects.toMatchObject({ code: 'NO_ENGINE' });
    await expect(
      openImageStore({ env: env({ ...only, DOCKER_HOST: `unix://${folder}/none.sock` }) }),
    ).rejects.toMatchObject({ code: 'NO_ENGINE' });
  });

  it('an engine that is too old is refused by name, and no other one taken', async () => {
    const socket = join(folder, 'old.sock');
    const body = JSON.stringify({ ServerVersion: '20.10.24', OSType: 'linux' });
    const server = createServer((connection) => {
      connection.end(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    }).listen(socket);
    await expect(
      openImageStore({ env: { ...process.env, ...env({ DOCKER_HOST: `unix://${socket}` }) } }),
    ).rejects.toMatchObject({ code: 'ENGINE_TOO_OLD' });
    server.close();
  });
});
