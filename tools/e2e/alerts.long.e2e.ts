// Takes 180 s.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Compose, type Engine, locateEngine } from '@excel2doc/engine';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { workspaceRoot } from '../workspace';
import { buildImage } from './image';
import { provideServers } from './stack';

const IMAGE = 'excel2doc/e2e-prometheus';
const EXPORTERS = 'excel2doc/e2e-exporters';
const CADDY = 'excel2doc/e2e-caddy';
const monitoring = join(workspaceRoot, 'docker/monitoring');

let engine: Engine;

const promtool = (...command: string[]) =>
  engine.run({
    image: IMAGE,
    entrypoint: 'promtool',
    command,
    mounts: [`type=bind,source=${monitoring},target=/etc/prometheus,readonly`],
    network: 'none',
  });

beforeAll(async () => {
  engine = await locateEngine();
  await buildImage(engine, IMAGE, join(__dirname, 'prometheus'));
});

test('each alert fires when it has to, and is silent while all is well', async () => {
  const { exitCode, stdout, stderr } = await promtool(
    ...['test', 'rules', '/etc/prometheus/alerts.test.yaml'],
  );
  expect(stdout + stderr).toContain('SUCCESS');
  expect(exitCode).toBe(0);
});

test('Prometheus takes its configuration, with the alerts', async () => {
  const { exitCode, stdout, stderr } = await promtool(
    ...['check', 'config', '/etc/prometheus/prometheus.yaml'],
  );
  expect(stdout + stderr).toMatch(/SUCCESS: \d+ rules found/);
  expect(exitCode).toBe(0);
});

test('each alert has a case that fires and one that does not', () => {
  const read = (name: string) => readFileSync(join(monitoring, name), 'utf8');
  const alerts = [...read('alerts.yaml').matchAll(/- alert: (\w+)/g)].map(([, name]) => name);
  const { tests } = parse(read('alerts.test.yaml')) as {
    tests: { alert_rule_test: { alertname: string; exp_alerts: object[] }[] }[];
  };
  const cases = tests.flatMap((each) => each.alert_rule_test);
  const namesOf = (fires: boolean) =>
    new Set(
      cases.filter((each) => each.exp_alerts.length > 0 === fires).map((each) => each.alertname),
    );
  expect([...namesOf(true)].sort()).toEqual([...alerts].sort());
  expect([...namesOf(false)].sort()).toEqual([...alerts].sort());
});

describe('the real exporters', () => {
  const files = ['compose.yaml', 'compose.prod.yaml'].map((each) =>
    join(workspaceRoot, 'docker', each),
  );
  let compose: Compose;
  let stand: string;

  beforeAll(async () => {
    await provideServers(engine);
    await buildImage(engine, EXPORTERS, join(__dirname, 'exporters'));
    await buildImage(engine, CADDY, join(__dirname, 'caddy'));
    stand = mkdtempSync(join(tmpdir(), 'exporters-'));
    const image = { image: EXPORTERS };
    writeFileSync(
      join(stand, 'stand-ins.yaml'),
      stringify({
        services: {
          'postgres-exporter': image,
          'redis-exporter': image,
          'node-exporter': image,
          'blackbox-exporter': image,
          prometheus: { image: IMAGE },
        },
      }).concat(`  caddy: { image: ${CADDY}, ports: !reset [] }\n`),
    );
    compose = engine.compose({
      files: [...files, join(stand, 'stand-ins.yaml')],
      project: 'excel2doc-e2e-alerts',
      profiles: ['monitoring'],
      variables: {
        ...Object.fromEntries(
          ['POSTGRES', 'REDIS', 'DATABASE', 'MIGRATION', 'MONITORING'].map((each) => [
            `${each}_PASSWORD`,
            'a-password-of-tests',
          ]),
        ),
        BACKEND_TAG: process.env['NX_STAGES_TAG'] ?? 'dev',
        SITE_ADDRESS: 'localhost',
        PROMETHEUS_PORT: '0',
      },
    });
    await compose.down({ volumes: true });
    await compose.up({ services: ['postgres', 'redis'], wait: true });
    const migrated = await compose.run('migrate', ['alembic', 'upgrade', 'head'], { noDeps: true });
    if (migrated.exitCode !== 0) throw new Error(migrated.stderr);
    const services = [
      ...['caddy', 'prometheus', 'postgres-exporter', 'redis-exporter'],
      ...['node-exporter', 'blackbox-exporter'],
    ];
    await compose.up({ services, noDeps: true, wait: true });
  }, 600_000);

  afterAll(async () => {
    await compose?.down({ volumes: true });
    if (stand) rmSync(stand, { recursive: true });
  });

  /** What Prometheus knows; asked in its container, and again: it reads every 15 to 60 seconds. */
  async function value(query: string): Promise<number> {
    const url = `http://127.0.0.1:9090/api/v1/query?query=${encodeURIComponent(query)}`;
    const endMs = Date.now() + 5 * 60_000;
    for (;;) {
      const { stdout } = await compose.exec('prometheus', ['wget', '-q', '-O', '-', url]);
      const found = /"value":\[[\d.]+,"([^"]+)"\]/.exec(stdout)?.[1];
      if (found !== undefined) return Number(found);
      if (Date.now() > endMs) expect.unreachable(`Prometheus has no ${query}: ${stdout}`);
      await sleep(2_000);
    }
  }

  test('tell what the alerts are made of', { timeout: 900_000 }, async () => {
    expect(await value('pg_up')).toBe(1);
    expect(await value('sum(pg_stat_activity_count)')).toBeGreaterThan(0);
    expect(await value('pg_settings_max_connections')).toBeGreaterThan(1);
    expect(await value('redis_up')).toBe(1);
    expect(await value('count(node_filesystem_avail_bytes{fstype!~"tmpfs"})')).toBeGreaterThan(0);
    expect(await value('count(node_filesystem_size_bytes{fstype!~"tmpfs"})')).toBeGreaterThan(0);
    expect(await value('probe_success{job="certificate"}')).toBe(1);
    expect(await value('probe_ssl_earliest_cert_expiry - time()')).toBeGreaterThan(0);
  });
});
