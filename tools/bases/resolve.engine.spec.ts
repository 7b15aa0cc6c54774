import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Engine, locateEngine, readBases } from '@excel2doc/engine';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { isFresh, resolveBases, withoutTag } from './resolve';

describe('withoutTag', () => {
  it.each([
    ['python:3.12', 'python'],
    ['localhost:5000/python', 'localhost:5000/python'],
    ['localhost:5000/python:3.12', 'localhost:5000/python'],
  ])('%s -> %s', (reference, expected) => expect(withoutTag(reference)).toBe(expected));
});

describe('isFresh', () => {
  const minute = 60_000;
  it.each([
    ['silence of 9 minutes ago', false, 9 * minute, true],
    ['silence of 11 minutes ago', false, 11 * minute, false],
    ['an answer of 11 minutes ago', true, 11 * minute, true],
    ['an answer of two days ago', true, 2 * 24 * 60 * minute, false],
    ['an answer from the future', true, -minute, false],
  ])('%s', (_, answers, ageMs, fresh) => {
    expect(isFresh({ mirror: '', answers, checkedAtMs: 1e12 - ageMs }, '', 1e12)).toBe(fresh);
  });

  it('is nothing that was found out about another mirror', () => {
    expect(isFresh({ mirror: 'a', answers: true, checkedAtMs: 1e12 }, 'b', 1e12)).toBe(false);
  });
});

/** A real registry, as far as it is asked: it answers with one index for every name. */
describe('resolveBases with a registry that answers', { timeout: 60_000 }, () => {
  const index = JSON.stringify({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [],
  });
  const locked = `sha256:${'ab'.repeat(32)}`;
  const lock = {
    format: 1 as const,
    images: { 'python:3.12': { digest: locked }, 'redis:7': { digest: null } },
  };
  let engine: Engine;
  let server: Server;
  let env: NodeJS.ProcessEnv;
  let asked: string[];
  let home: string;

  beforeAll(async () => {
    engine = await locateEngine();
    server = createServer((request, response) => {
      asked.push(request.url ?? '');
      response.setHeader('Content-Type', 'application/vnd.oci.image.index.v1+json');
      response.end(request.method === 'HEAD' ? undefined : index);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterAll(() => void server.close());
  beforeEach(async () => {
    asked = [];
    home = await mkdtemp(join(tmpdir(), 'resolve-'));
    const { port } = server.address() as AddressInfo;
    env = { XDG_CACHE_HOME: home, NX_STAGES_REGISTRY_MIRROR: `http://localhost:${port}/hub/` };
  });
  afterEach(() => rm(home, { recursive: true }));

  const resolve = (references: string[], more: { log?: (line: string) => void } = {}) =>
    resolveBases({
      engine,
      lock,
      references,
      platform: 'linux/arm64',
      env,
      log: () => undefined,
      ...more,
    });

  it('names the locked digest in the mirror, and writes it down for who asks no network', async () => {
    const bases = await resolve(['python:3.12']);
    const mirror = env['NX_STAGES_REGISTRY_MIRROR']?.replace('http://', '').replace(/\/$/, '');
    const base = {
      reference: 'python:3.12',
      digest: locked,
      platform: 'linux/arm64',
      namedContext: `docker-image://${mirror}/library/python@${locked}`,
      standIn: false,
    };
    expect(bases).toEqual([base]);
    const file = await readBases(env);
    expect(file?.registry).toMatchObject({ mirror, answers: true });
    expect(file?.platforms['linux/arm64']).toEqual({ 'python:3.12': base });
  });

  it('asks the registry no second time for what is locked', async () => {
    await resolve(['python:3.12']);
    expect(asked.length).toBeGreaterThan(0);
    asked = [];
    await resolve(['python:3.12']);
    expect(asked).toEqual([]);
  });

  it('takes the current content of what nobody has locked, and says so', async () => {
    const said: string[] = [];
    const [base] = await resolve(['redis:7'], { log: (line) => said.push(line) });
    expect(base?.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(said).toEqual(['redis:7 is not locked: its current content is used']);
  });

  it('does not fall back to stand-ins when a mirror that was asked for does not answer', async () => {
    const closed = createServer().listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const { port } = closed.address() as AddressInfo;
    closed.close();
    env['NX_STAGES_REGISTRY_MIRROR'] = `localhost:${port}`;
    await expect(resolve(['python:3.12'])).rejects.toMatchObject({
      code: 'REGISTRY_UNREACHABLE',
      message: expect.stringContaining(`localhost:${port}`),
      hint: expect.stringContaining('NX_STAGES_REGISTRY_MIRROR'),
    });
  });
});
