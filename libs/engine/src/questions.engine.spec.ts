import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Engine } from './engine';
import { locateEngine } from './locate';

/** Over its socket an engine is asked what its client would say, and no client is started. */
describe('questions to an engine', { timeout: 60_000 }, () => {
  const label = `excel2doc-test=${randomUUID()}`;
  const tag = `excel2doc-test:${randomUUID()}`;
  let engine: Engine;
  let folder: string;
  let client: string;
  let containers: string[];

  beforeAll(async () => {
    engine = await locateEngine({ choice: 'docker' });
    folder = await mkdtemp(join(tmpdir(), 'questions-'));
    await writeFile(join(folder, 'Dockerfile'), 'FROM scratch\nCOPY Dockerfile /\n');
    await engine.build({
      dockerfile: join(folder, 'Dockerfile'),
      contextDir: folder,
      showProgress: false,
      output: { kind: 'load', tags: [tag] },
    });
    const create = ['container', 'create', '--label', label, tag, '/none'];
    const made = await Promise.all([engine.command(create), engine.command(create)]);
    containers = made.map(({ stdout }) => stdout.trim());
    client = join(folder, 'docker');
    await writeFile(
      client,
      `#!/bin/sh\necho run >> "${client}.runs"\nexec "${engine.docker}" "$@"\n`,
    );
    await chmod(client, 0o755);
  });

  afterAll(async () => {
    await engine.command(['container', 'rm', '--force', ...containers]);
    await engine.removeImage(tag);
    await rm(folder, { recursive: true, force: true });
  });

  /** The same engine behind a client that counts its runs. */
  const counted = (more: Partial<Engine>) =>
    new Engine({ ...engine, env: engine.env, docker: client, ...more });

  const runs = async () => {
    const text = await readFile(`${client}.runs`, 'utf8').catch(() => '');
    await rm(`${client}.runs`, { force: true });
    return text.split('\n').filter(Boolean).length;
  };

  const sorted = (found: unknown[]) =>
    (found as { Id: string }[]).toSorted((a, b) => (a.Id < b.Id ? -1 : 1));

  it.each([
    ['an image', (each: Engine) => each.inspectImage(tag)],
    ['an image by its full name', (each: Engine) => each.inspectImage(`docker.io/library/${tag}`)],
    ['an image that is not there', (each: Engine) => each.inspectImage(`${tag}-none`)],
    ['the ids of names', (each: Engine) => each.imageIds([tag, `${tag}-none`])],
    ['the containers of a label', async (each: Engine) => sorted(await each.containers(label))],
    ['containers of a label of none', (each: Engine) => each.containers(`${label}-none`)],
    [
      'containers, of which one is gone',
      async (each: Engine) => sorted(await each.inspectContainers([...containers, randomUUID()])),
    ],
  ])('%s', async (_, ask) => {
    const over = await ask(counted({}));
    expect(await runs()).toBe(0);
    expect(over).toEqual(await ask(counted({ id: undefined })));
    expect(await runs()).toBeGreaterThan(0);
  });

  it('go to the client where another engine answers at the socket', async () => {
    const image = await counted({ id: 'another' }).inspectImage(tag);
    expect(image).toEqual(await engine.inspectImage(tag));
    expect(await runs()).toBe(1);
  });

  it('go to the client where what answers at the socket is no engine', async () => {
    const socket = join(folder, 'docker.sock');
    const server = createServer((_, response) => response.end('[]')).listen(socket);
    const environment = join(folder, 'client');
    await writeFile(
      environment,
      `#!/bin/sh\nDOCKER_HOST="${engine.env['DOCKER_HOST'] ?? ''}" exec "${client}" "$@"\n`,
    );
    await chmod(environment, 0o755);
    try {
      const env = { ...engine.env, DOCKER_HOST: `unix://${socket}` };
      const image = await counted({ docker: environment, env }).inspectImage(tag);
      expect(image).toEqual(await engine.inspectImage(tag));
      expect(await runs()).toBe(1);
    } finally {
      server.close();
    }
  });
});
