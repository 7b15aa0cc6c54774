// Takes 60 s.
import { join } from 'node:path';
import { type Engine, locateEngine } from '@excel2doc/engine';
import { beforeAll, expect, test } from 'vitest';
import { workspaceRoot } from '../workspace';
import { buildImage } from './image';

const IMAGE = 'excel2doc/e2e-prometheus';

let engine: Engine;

const promtool = (...command: string[]) =>
  engine.run({
    image: IMAGE,
    entrypoint: 'promtool',
    command,
    mounts: [
      `type=bind,source=${join(workspaceRoot, 'docker/monitoring')},target=/etc/prometheus,readonly`,
    ],
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
