import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { locateEngine } from '@excel2doc/engine';
import { Deployment } from 'kubernetes-models/apps/v1';
import { Job } from 'kubernetes-models/batch/v1';
import { ConfigMap, PersistentVolumeClaim, Secret, Service } from 'kubernetes-models/v1';
import { beforeAll, describe, expect, test } from 'vitest';
import { parseAllDocuments, stringify } from 'yaml';
import { type Manifest, kubernetesManifests } from './kubernetes';
import { type DeployConfig, type DeploySubject, masked } from './model';
import { swarmStack } from './stack';

const root = resolve(__dirname, '../../../..');
const PASSWORD = 'a-password-that-nobody-may-see';
const KINDS = { Deployment, Job, ConfigMap, PersistentVolumeClaim, Secret, Service };
const options = { migrate: ['alembic', 'upgrade', 'head'], volumeSize: '5Gi' };

let subject: DeploySubject;
let manifests: Manifest[];

const one = <K extends keyof typeof KINDS>(kind: K, name: string) =>
  manifests.find((each) => each.kind === kind && each.metadata?.name === name) as
    InstanceType<(typeof KINDS)[K]> | undefined;
const containerOf = (name: string) => one('Deployment', name)?.spec?.template.spec?.containers[0];

beforeAll(async () => {
  const engine = await locateEngine();
  const compose = engine.compose({
    files: ['compose.yaml', 'compose.prod.yaml'].map((file) => join(root, 'docker', file)),
    variables: {
      ...{ POSTGRES_PASSWORD: PASSWORD, REDIS_PASSWORD: PASSWORD },
      ...{ BACKEND_TAG: 'abc', SITE_ADDRESS: 'docs.example.org' },
    },
  });
  const config = (await compose.config()) as unknown as DeployConfig;
  const caddyfile = join(root, 'docker/caddy/Caddyfile');
  subject = {
    config,
    service: 'backend',
    image: 'registry.example.org/team/backend:0123456789ab',
    files: new Map([[caddyfile, readFileSync(caddyfile, 'utf8')]]),
    images: new Map([
      ['backend', { ports: [8000], healthcheck: { test: ['CMD', 'check'] }, uid: 10001 }],
      ['worker', { ports: [8000], healthcheck: undefined, uid: 10001 }],
      ['postgres', { ports: [5432], healthcheck: undefined, uid: undefined }],
    ]),
  };
  manifests = kubernetesManifests(subject, options);
});

describe("this workspace's production services as Kubernetes manifests", () => {
  test('keep the schemas that Kubernetes publishes', () => {
    const text = manifests.map((each) => stringify(each)).join('---\n');
    const read = parseAllDocuments(text).map((each) => each.toJS() as Manifest);
    expect(read).toHaveLength(manifests.length);
    for (const manifest of read) {
      const Model = KINDS[manifest.kind as keyof typeof KINDS];
      new Model(manifest as never).validate();
    }
  });

  test('and the schemas do find what is wrong', () => {
    const wrong = { ...one('Deployment', 'backend'), spec: { replicas: 'two' } };
    expect(() => new Deployment(wrong as never).validate()).toThrow(/spec/);
  });

  test('there is a deployment a service, and data survives it', () => {
    const names = Object.keys(subject.config.services);
    for (const name of names) expect(one('Deployment', name)).toBeDefined();
    expect(one('PersistentVolumeClaim', 'postgres')?.spec?.resources?.requests).toEqual({
      storage: '5Gi',
    });
    expect(one('Deployment', 'postgres')?.spec?.strategy).toEqual({ type: 'Recreate' });
    expect(one('Deployment', 'backend')?.spec?.strategy).toMatchObject({
      rollingUpdate: { maxUnavailable: 0 },
    });
  });

  test('no secret stands outside of a Secret', () => {
    const open = manifests.filter(({ kind }) => kind !== 'Secret');
    expect(JSON.stringify(open)).not.toContain(PASSWORD);
    expect(containerOf('redis')?.args).toContain('$(REDISCLI_AUTH)');
    expect(one('Secret', 'backend-environment')?.stringData?.['DATABASE_URL']).toContain(PASSWORD);
  });

  test('the hardening of the Compose file is kept', () => {
    expect(containerOf('backend')).toMatchObject({
      image: subject.image,
      readinessProbe: { exec: { command: ['check'] } },
      resources: { limits: { cpu: '2', memory: String(2 ** 30) } },
      securityContext: {
        readOnlyRootFilesystem: true,
        allowPrivilegeEscalation: false,
        runAsNonRoot: true,
        capabilities: { drop: ['ALL'] },
      },
    });
    expect(one('Deployment', 'backend')?.spec?.template.spec).toMatchObject({
      terminationGracePeriodSeconds: 30,
      securityContext: { fsGroup: 10001 },
    });
  });

  test('only what is published is reached from outside', () => {
    const outside = manifests.filter(
      (each) => each.kind === 'Service' && (each as Service).spec?.type === 'LoadBalancer',
    );
    expect(outside.map(({ metadata }) => metadata?.name)).toEqual(['caddy']);
    expect(one('Service', 'postgres')?.spec).toMatchObject({ ports: [{ port: 5432 }] });
  });

  test('nothing that is published is dropped, and what opens no port has no Service', () => {
    const ports = one('Service', 'caddy')?.spec?.ports;
    expect(ports?.map(({ name, port, protocol }) => [name, port, protocol])).toEqual([
      ['port-80', 80, 'TCP'],
      ['port-443', 443, 'TCP'],
      ['port-443-udp', 443, 'UDP'],
    ]);
    expect(one('Service', 'backend')).toBeDefined();
    expect(one('Service', 'worker')).toBeUndefined();
    expect(containerOf('worker')?.ports).toBeUndefined();
  });

  test("PostgreSQL's data lies below the mount, and a reservation is a request", () => {
    const environment = one('Secret', 'postgres-environment')?.stringData;
    expect(environment?.['PGDATA']).toBe('/var/lib/postgresql/data/pgdata');
    const resources = { reservations: { memory: '268435456' }, limits: { cpus: 2 } };
    const backend = { ...subject.config.services['backend'], deploy: { resources } };
    const config = { ...subject.config, services: { ...subject.config.services, backend } };
    const found = kubernetesManifests({ ...subject, config }, options).find(
      ({ kind, metadata }) => kind === 'Deployment' && metadata?.name === 'backend',
    ) as Deployment;
    expect(found.spec?.template.spec?.containers[0]?.resources).toEqual({
      requests: { memory: '268435456' },
      limits: { cpu: '2' },
    });
  });

  test('the migration is a job of its own for each image', () => {
    const jobs = () => manifests.filter(({ kind }) => kind === 'Job') as Job[];
    const [first] = jobs();
    expect(first?.spec?.template.spec?.containers[0]).toMatchObject({
      ...{ image: subject.image, args: options.migrate },
    });
    const other = kubernetesManifests({ ...subject, image: 'another:1' }, options);
    const [second] = other.filter(({ kind }) => kind === 'Job');
    expect(second?.metadata?.name).not.toBe(first?.metadata?.name);
  });
});

describe('a stack for Swarm', () => {
  test('replaces the own services start-first, and others only after they have ended', () => {
    const { services } = swarmStack(subject) as { services: Record<string, { deploy: object }> };
    expect(services['backend']?.deploy).toMatchObject({
      update_config: { order: 'start-first', failure_action: 'rollback' },
    });
    expect(services['postgres']?.deploy).not.toHaveProperty('update_config');
  });

  test('takes mounted files along under a name of their content', () => {
    const { configs, services } = swarmStack(subject);
    expect(Object.values(configs)).toMatchObject([{ file: expect.stringMatching(/Caddyfile$/) }]);
    const [key = ''] = Object.keys(configs);
    expect(services['caddy']).toMatchObject({
      configs: [{ source: key, target: '/etc/caddy/Caddyfile' }],
    });
    const changed = new Map([...subject.files].map(([path]) => [path, 'changed']));
    expect(Object.keys(swarmStack({ ...subject, files: changed }).configs)).not.toContain(key);
  });

  test('a folder of this machine is refused, with its service', () => {
    expect(() => swarmStack({ ...subject, files: new Map() })).toThrow(/^caddy mounts .*Caddyfile/);
  });
});

test('what is shown holds no value of the environment', () => {
  const shown = masked(subject);
  const text = [
    stringify(swarmStack(shown)),
    ...kubernetesManifests(shown, options).map((each) => stringify(each)),
  ].join();
  expect(text).not.toContain(PASSWORD);
  expect(text).toContain('***');
});
