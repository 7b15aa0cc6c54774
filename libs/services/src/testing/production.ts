import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { locateEngine } from '@excel2doc/engine';
import type { DeployConfig, DeploySubject } from '../deploy/model';

const root = resolve(__dirname, '../../../..');

/** What this workspace's production services are deployed from, with one password for everything. */
export async function productionSubject(
  password: string,
  migrationUrl: string,
): Promise<DeploySubject> {
  const engine = await locateEngine();
  const compose = engine.compose({
    files: ['compose.yaml', 'compose.prod.yaml'].map((file) => join(root, 'docker', file)),
    variables: {
      POSTGRES_PASSWORD: password,
      REDIS_PASSWORD: password,
      DATABASE_PASSWORD: password,
      MIGRATION_PASSWORD: password,
      MONITORING_PASSWORD: password,
      BACKEND_TAG: 'abc',
      SITE_ADDRESS: 'docs.example.org',
    },
  });
  const config = (await compose.config()) as unknown as DeployConfig;
  const mounted = ['docker/caddy/Caddyfile', 'docker/postgres/roles.sh'].map((file) =>
    join(root, file),
  );
  return {
    config,
    service: 'backend',
    image: 'registry.example.org/team/backend:0123456789ab',
    files: new Map(mounted.map((file) => [file, readFileSync(file, 'utf8')])),
    migrationEnvironment: { DATABASE_URL: migrationUrl },
    images: new Map([
      ['backend', { ports: [8000], healthcheck: { test: ['CMD', 'check'] }, uid: 10001 }],
      ['worker', { ports: [8000], healthcheck: undefined, uid: 10001 }],
      ['postgres', { ports: [5432], healthcheck: undefined, uid: undefined }],
    ]),
  };
}
