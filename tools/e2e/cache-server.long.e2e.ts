// Takes 120 s.
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { newToken } from '@excel2doc/cache-server';
import { type Compose, type Engine, cacheFolder, locateEngine } from '@excel2doc/engine';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { resolveBases } from '../bases/resolve';
import { workspaceRoot } from '../workspace';
import { type Clone, freePort, makeClone, runIn } from './clone';

/** The base that apps/cache-server's Dockerfile names, and Debian's Node in its place. */
const base = 'node:22-bookworm-slim';
const standIn = 'node:20-bookworm-slim';
const s3Server = join(cacheFolder(), 'tools/bin/versitygw');
const keys = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'not-a-secret' };

let clone: Clone;
let engine: Engine;
let compose: Compose;
const ports = { CACHE_PORT: 0, CACHE_S3_PORT: 0 };
const { token, sha256 } = newToken();

beforeAll(async () => {
  engine = await locateEngine();
  clone = await makeClone('cache-server');
  symlinkSync(join(workspaceRoot, 'node_modules'), join(clone.folder, 'node_modules'));
  await provideBase();

  for (const name of Object.keys(ports)) ports[name as keyof typeof ports] = await freePort();
  const access = {
    scopes: { main: { trusted: true } },
    tokens: [{ name: 'test', sha256, scope: 'main' }],
  };
  const front = { kind: 'disk', directory: '/var/lib/excel2doc-cache' };
  const back = { kind: 's3', bucket: 'cache', endpoint: 'http://s3:7070', forcePathStyle: true };
  write('docker/cache/cache.yaml', { ...access, store: front });
  write('docker/cache-s3/cache.yaml', { ...access, store: { kind: 'tiers', front, back } });
  write('docker/s3.yaml', {
    services: {
      s3: {
        image: `excel2doc/cache-server:${clone.tag}`,
        entrypoint: [
          '/bin/sh',
          '-c',
          'mkdir /objects/cache && exec /s3 --port :7070 posix /objects',
        ],
        environment: {
          ROOT_ACCESS_KEY: keys.AWS_ACCESS_KEY_ID,
          ROOT_SECRET_KEY: keys.AWS_SECRET_ACCESS_KEY,
        },
        user: '0:0',
        healthcheck: { disable: true },
        volumes: [`${s3Server}:/s3:ro`, 'objects:/objects'],
        profiles: ['s3'],
      },
    },
    volumes: { objects: {} },
  });
  compose = engine.compose({
    files: ['compose.cache.yaml', 's3.yaml'].map((name) => join(clone.folder, 'docker', name)),
    project: clone.project,
    profiles: ['s3'],
    variables: {
      ...Object.fromEntries(Object.entries(ports).map(([name, port]) => [name, String(port)])),
      ...keys,
      CACHE_TAG: clone.tag,
    },
  });
});

afterAll(async () => {
  await compose.down({ volumes: true, timeoutSeconds: 1 });
  await engine.removeImage(`excel2doc/cache-server:${clone.tag}`);
  rmSync(clone.folder, { recursive: true, force: true });
});

/** Locks the base, as docs/remote-cache.md says; where no registry answers, another stands in for it. */
async function provideBase(): Promise<void> {
  const lock = { format: 1, images: {} } as const;
  const references = [standIn];
  const [found] = await resolveBases({ engine, lock, references, log: console.log });
  if (!found?.standIn) {
    expect((await runIn(clone, nxFile(), ['run', 'cache-server:docker-lock'])).status).toBe(0);
    return;
  }
  const { digest, layoutDir, platform } = found;
  const image = { digest, layoutDir, tag: `excel2doc/stand-in/${base}` };
  write('docker/images.local.json', { format: 1, images: { [base]: { [platform]: image } } });
}

const nxFile = () => join(clone.folder, 'node_modules/.bin/nx');

function write(path: string, content: object): void {
  mkdirSync(dirname(join(clone.folder, path)), { recursive: true });
  writeFileSync(join(clone.folder, path), JSON.stringify(content));
}

/** What Nx would upload. */
async function archive(): Promise<Uint8Array<ArrayBuffer>> {
  for (const [name, content] of Object.entries({ code: Buffer.alloc(4), terminalOutput: 'done' }))
    writeFileSync(join(clone.folder, 'docker', name), content);
  await runIn(clone, 'tar', ['-C', 'docker', '-czf', 'entry.tar.gz', 'code', 'terminalOutput']);
  return new Uint8Array(readFileSync(join(clone.folder, 'entry.tar.gz')));
}

const entry = (port: number, hash: string, body?: Uint8Array<ArrayBuffer>) =>
  fetch(`http://127.0.0.1:${port}/v1/cache/${hash}`, {
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/octet-stream' },
    ...(body && { method: 'PUT', body }),
  });
const bytesOf = async (response: Response) => new Uint8Array(await response.arrayBuffer());
/** What the terminal showed, by an archive. The server writes what it keeps anew: its bytes are its own. */
async function shownIn(bytes: Uint8Array): Promise<string> {
  writeFileSync(join(clone.folder, 'stored.tar.gz'), bytes);
  return (await runIn(clone, 'tar', ['-xzOf', 'stored.tar.gz', 'terminalOutput'])).output;
}

const healthOf = async (name: string) =>
  (await compose.ps()).find(({ service }) => service === name)?.health;

describe('the cache server in a container', () => {
  test('has an image that this repository builds', async () => {
    const { status, output } = await runIn(clone, nxFile(), ['run', 'cache-server:docker-build']);
    expect(output).toContain(`excel2doc/cache-server:${clone.tag}`);
    expect(status).toBe(0);
  });

  test('comes up healthy, as nobody special, with a root that cannot be written', async () => {
    await compose.up({ services: ['cache'], wait: true, waitTimeoutSeconds: 180 });
    expect(await healthOf('cache')).toBe('healthy');
    const inside = async (...command: string[]) => {
      const { stdout, stderr } = await compose.exec('cache', command);
      return stdout + stderr;
    };
    expect(await inside('id', '-u')).toBe('1000\n');
    expect(await inside('touch', '/app/x')).toContain('Read-only file system');
  });

  test('keeps an entry over a restart', async () => {
    expect((await entry(ports.CACHE_PORT, '1', await archive())).status).toBe(200);
    const stored = await bytesOf(await entry(ports.CACHE_PORT, '1'));
    expect(await shownIn(stored)).toBe('done');
    await compose.restart(['cache']);
    await compose.up({ services: ['cache'], wait: true, waitTimeoutSeconds: 180 });
    const answer = await entry(ports.CACHE_PORT, '1');
    expect(answer.status).toBe(200);
    expect(await bytesOf(answer)).toEqual(stored);
  });

  test('sends entries on to a bucket (profile s3)', async ({ skip }) => {
    skip(
      !existsSync(s3Server),
      'missing: an S3 server, which nx run cache-server:test-tools builds',
    );
    await compose.up({ services: ['s3'] });
    await compose.up({ services: ['cache-s3'], wait: true, waitTimeoutSeconds: 180 });
    expect((await entry(ports.CACHE_S3_PORT, '1', await archive())).status).toBe(200);
    const stored = await bytesOf(await entry(ports.CACHE_S3_PORT, '1'));
    expect(await shownIn(stored)).toBe('done');
    const object = async () =>
      (await compose.exec('s3', ['ls', '/objects/cache/nx-cache/main'])).stdout;
    await expect.poll(object, { timeout: 60_000, interval: 500 }).toBe('1\n');
    await compose.exec('cache-s3', ['rm', '-r', '/var/lib/excel2doc-cache/entries']);
    await compose.restart(['cache-s3']);
    await compose.up({ services: ['cache-s3'], wait: true, waitTimeoutSeconds: 180 });
    const answer = await entry(ports.CACHE_S3_PORT, '1');
    expect(answer.status).toBe(200);
    expect(await bytesOf(answer)).toEqual(stored);
  });
});
