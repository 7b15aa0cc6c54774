// Takes 60 s.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Compose, type Engine, locateEngine } from '@excel2doc/engine';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { workspaceRoot } from '../workspace';
import { buildImage } from './image';
import { provideServers } from './stack';

const CADDY = 'excel2doc/e2e-caddy';
const LIMIT = 5;
/** More than two minutes of the clock allow, where one ends meanwhile. */
const TOO_MANY = 2 * LIMIT + 1;

let engine: Engine;
let compose: Compose;
let stand: string;

beforeAll(async () => {
  engine = await locateEngine();
  await provideServers(engine);
  await buildImage(engine, CADDY, join(__dirname, 'caddy'));
  stand = mkdtempSync(join(tmpdir(), 'front-'));
  writeFileSync(
    join(stand, 'stand-ins.yaml'),
    `services:\n  caddy: { image: ${CADDY}, ports: !reset [] }\n`,
  );
  const password = 'a-password-of-tests';
  compose = engine.compose({
    files: [
      ...['compose.yaml', 'compose.prod.yaml'].map((name) => join(workspaceRoot, 'docker', name)),
      join(stand, 'stand-ins.yaml'),
    ],
    project: 'excel2doc-e2e-front',
    variables: {
      ...Object.fromEntries(
        ['POSTGRES', 'REDIS', 'DATABASE', 'MIGRATION', 'MONITORING'].map((each) => [
          `${each}_PASSWORD`,
          password,
        ]),
      ),
      BACKEND_TAG: process.env['NX_STAGES_TAG'] ?? 'dev',
      SITE_ADDRESS: 'http://caddy',
      EXCEL2DOC_RATE_PER_MINUTE: String(LIMIT),
    },
  });
  await compose.down({ volumes: true });
  await compose.up({ services: ['postgres', 'redis'], wait: true });
  const migrated = await compose.run('migrate', ['alembic', 'upgrade', 'head'], { noDeps: true });
  if (migrated.exitCode !== 0) throw new Error(migrated.stderr);
  await compose.up({ services: ['caddy', 'worker'], wait: true });
}, 900_000);

afterAll(async () => {
  await compose?.down({ volumes: true });
  if (stand) rmSync(stand, { recursive: true });
});

/**
 * The statuses of requests from the container of `client`, which has an address of its own.
 *
 * @param forged what the client writes into X-Forwarded-For, another one for each request
 */
async function ask(client: string, host: string, times: number, forged = ''): Promise<string[]> {
  const program = `import sys, urllib.error, urllib.request as r
for number in range(${times}):
    headers = {'X-Forwarded-For': '${forged}' + str(number)} if '${forged}' else {}
    request = r.Request('http://${host}/api/v1/jobs', headers=headers)
    try: print(r.urlopen(request).status)
    except urllib.error.HTTPError as error: print(error.code)`;
  const { exitCode, stdout, stderr } = await compose.exec(client, ['python', '-c', program]);
  expect(exitCode, stderr).toBe(0);
  return stdout.trim().split('\n');
}

test('two clients behind the front are counted each for itself', async () => {
  expect(await ask('worker', 'caddy', TOO_MANY)).toContain('429');
  expect(await ask('backend', 'caddy', LIMIT - 1)).toEqual(Array(LIMIT - 1).fill('200'));
});

test.each([
  ['through the front', 'caddy'],
  ['past it', 'backend:8000'],
])('a client that writes addresses of its own is counted as one %s', async (_, host) => {
  expect(await ask('worker', host, TOO_MANY, '10.1.1.')).toContain('429');
});

test('what Caddy is checked by takes its file, and refuses a wrong one', async () => {
  const { services } = parse((await compose.call(['config'])).stdout) as {
    services: { caddy: { labels: Record<string, string> } };
  };
  const [entrypoint = '', ...words] = services.caddy.labels['nx-stages.check']!.split(' ');
  const good = await compose.run('caddy', words, { noDeps: true, entrypoint });
  expect(good.exitCode, good.stderr).toBe(0);
  writeFileSync(join(stand, 'Caddyfile'), '{$SITE_ADDRESS} {\n\trespnd /metrics 404\n}\n');
  const bad = await engine.run({
    image: CADDY,
    entrypoint,
    command: words,
    variables: { SITE_ADDRESS: 'http://caddy' },
    mounts: [`type=bind,source=${join(stand, 'Caddyfile')},target=/etc/caddy/Caddyfile,readonly`],
    network: 'none',
  });
  expect(bad.stderr).toContain('unrecognized directive: respnd');
  expect(bad.exitCode).not.toBe(0);
});
