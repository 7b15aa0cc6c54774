// Takes 240 s.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Compose, type Engine, locateEngine } from '@excel2doc/engine';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { workspaceRoot } from '../workspace';
import { provideCollector } from './collector';
import { provideServers } from './stack';

const COLLECTOR = 'excel2doc/e2e-collector';
const FAR_END = {
  receivers: { otlp: { protocols: { http: { endpoint: '0.0.0.0:4318' } } } },
  exporters: { debug: { verbosity: 'detailed', use_internal_logger: false } },
  service: {
    telemetry: { metrics: { level: 'none' } },
    pipelines: { logs: { receivers: ['otlp'], exporters: ['debug'] } },
  },
};

let engine: Engine;
let compose: Compose;
let stand: string;

beforeAll(async () => {
  engine = await locateEngine();
  await provideServers(engine);
  await provideCollector(engine, COLLECTOR);
  stand = mkdtempSync(join(tmpdir(), 'logs-'));
  writeFileSync(join(stand, 'far.yaml'), stringify(FAR_END));
  writeFileSync(
    join(stand, 'stand-ins.yaml'),
    stringify({
      services: {
        'log-shipper': { image: COLLECTOR },
        far: {
          image: COLLECTOR,
          command: ['--config=/far.yaml'],
          volumes: [`${join(stand, 'far.yaml')}:/far.yaml:ro`],
        },
      },
    }),
  );
  const { stdout: root } = await engine.command(['info', '--format', '{{.DockerRootDir}}']);
  const password = 'a-password-of-tests';
  compose = engine.compose({
    files: [
      ...['compose.yaml', 'compose.prod.yaml'].map((name) => join(workspaceRoot, 'docker', name)),
      join(stand, 'stand-ins.yaml'),
    ],
    project: 'excel2doc-e2e-logs',
    profiles: ['logs'],
    variables: {
      ...Object.fromEntries(
        ['POSTGRES', 'REDIS', 'DATABASE', 'MIGRATION', 'MONITORING'].map((each) => [
          `${each}_PASSWORD`,
          password,
        ]),
      ),
      BACKEND_TAG: process.env['NX_STAGES_TAG'] ?? 'dev',
      SITE_ADDRESS: 'localhost',
      LOGS_ENDPOINT: 'http://far:4318',
      DOCKER_ROOT: root.trim(),
    },
  });
  await compose.down({ volumes: true });
  await compose.up({ services: ['postgres', 'redis'], wait: true });
  const migrated = await compose.run('migrate', ['alembic', 'upgrade', 'head'], { noDeps: true });
  if (migrated.exitCode !== 0) throw new Error(migrated.stderr);
  await compose.up({ services: ['backend', 'log-shipper', 'far'], noDeps: true, wait: true });
}, 1_200_000);

afterAll(async () => {
  await compose?.down({ volumes: true });
  if (stand) rmSync(stand, { recursive: true });
});

/** Has the backend log a line of its own, by which it is found. */
async function logged(): Promise<string> {
  const word = `word-${randomBytes(6).toString('hex')}`;
  const program = `import urllib.error, urllib.request as r
try: r.urlopen('http://127.0.0.1:8000/${word}')
except urllib.error.HTTPError: pass`;
  const { exitCode, stderr } = await compose.exec('backend', ['python', '-c', program]);
  expect(exitCode, stderr).toBe(0);
  const { stdout } = await compose.logs({ services: ['backend'] });
  expect(stdout.split(word)).toHaveLength(2);
  return word;
}

/** What came to the far end: each line once for each time that it came. */
async function came(): Promise<string> {
  const { stdout } = await compose.logs({ services: ['far'] });
  return stdout;
}

async function untilCame(word: string): Promise<void> {
  const endMs = Date.now() + 120_000;
  while (!(await came()).includes(word)) {
    if (Date.now() > endMs) {
      const { stdout } = await compose.logs({ services: ['log-shipper'], tail: 20 });
      expect.unreachable(`${word} did not come: ${stdout}`);
    }
    await sleep(1_000);
  }
}

test('a line of the backend comes to the far end once', { timeout: 600_000 }, async () => {
  const words: string[] = [];
  const send = async () => words.push(await logged());
  await send();
  await untilCame(words[0]!);
  await compose.restart(['log-shipper']);
  await send();
  await untilCame(words[1]!);
  // Away are the far end, then the shipper, then both.
  await compose.stop(['far'], { timeoutSeconds: 1 });
  await send();
  await sleep(3_000);
  await compose.stop(['log-shipper']);
  await send();
  await compose.up({ services: ['log-shipper', 'far'], noDeps: true, wait: true });
  await send();
  for (const word of words) await untilCame(word);
  await sleep(5_000);
  const all = await came();
  for (const word of words) expect(all.split(word).length - 1, word).toBe(1);
});

test('it comes with its service, time and project, and with no line of another', async () => {
  const word = await logged();
  await untilCame(word);
  const all = await came();
  expect(all).toContain('service.name: Str(backend)');
  expect(all).toContain('service.namespace: Str(excel2doc-e2e-logs)');
  const projects = new Set(
    [...all.matchAll(/service\.namespace: Str\((.*?)\)/g)].map(([, name]) => name),
  );
  expect([...projects]).toEqual(['excel2doc-e2e-logs']);
  expect(all).toMatch(/Timestamp: 20\d\d-/);
  const [, body = ''] = new RegExp(`Body: Str\\((.*${word}.*)`).exec(all) ?? [];
  expect(body).toMatch(/^\{.*"level": ?"info"/);
});

test('its own program takes the configuration, and refuses a wrong one', async () => {
  const check = (file: string) =>
    engine.run({
      image: COLLECTOR,
      command: ['validate', '--config=/collector.yaml'],
      variables: {
        COMPOSE_PROJECT: 'shop',
        LOGS_ENDPOINT: 'http://far:4318',
        LOGS_AUTHORIZATION: '',
      },
      mounts: [`type=bind,source=${file},target=/collector.yaml,readonly`],
      tmpfs: ['/var/lib/otelcol'],
      network: 'none',
    });
  const found = await check(join(workspaceRoot, 'docker/logs/collector.yaml'));
  expect(found.exitCode, found.stderr).toBe(0);
  writeFileSync(join(stand, 'wrong.yaml'), 'receivers: { file_logs: {} }\n');
  expect((await check(join(stand, 'wrong.yaml'))).exitCode).not.toBe(0);
});
