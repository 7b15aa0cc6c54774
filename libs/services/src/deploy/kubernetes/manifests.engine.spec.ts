import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Deployment } from 'kubernetes-models/apps/v1';
import { Job } from 'kubernetes-models/batch/v1';
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1';
import { ConfigMap, PersistentVolumeClaim, Secret, Service } from 'kubernetes-models/v1';
import { beforeAll, describe, expect, test } from 'vitest';
import { parseAllDocuments, stringify } from 'yaml';
import { type Manifest, kubernetesManifests, manifestText } from './manifests';
import { type DeploySubject, masked } from '../model';
import { migrationJob, swarmStack } from '../stack';
import { productionSubject } from '../../testing/production';

const PASSWORD = 'a-password-that-nobody-may-see';
const MIGRATION_URL = `postgresql://owner:${PASSWORD}@postgres/excel2doc`;
const KINDS = {
  Deployment,
  Job,
  ConfigMap,
  PersistentVolumeClaim,
  Secret,
  Service,
  NetworkPolicy,
  PodDisruptionBudget,
};
const options = {
  migrate: ['alembic', 'upgrade', 'head'],
  migrated: ['alembic', 'current', '--check-heads'],
  volumeSize: '5Gi',
};

let subject: DeploySubject;
let manifests: Manifest[];

const one = <K extends keyof typeof KINDS>(kind: K, name: string) =>
  manifests.find((each) => each.kind === kind && each.metadata?.name === name) as
    InstanceType<(typeof KINDS)[K]> | undefined;
const containerOf = (name: string) => one('Deployment', name)?.spec?.template.spec?.containers[0];

beforeAll(async () => {
  subject = await productionSubject(PASSWORD, MIGRATION_URL);
  manifests = kubernetesManifests(subject, options);
});

describe("this workspace's production services as Kubernetes manifests", () => {
  test('keep the schemas that Kubernetes publishes', () => {
    // As Kubernetes reads it: what is unquoted and `yes` is no text for it.
    const read = parseAllDocuments(manifestText(manifests), { version: '1.1' }).map(
      (each) => each.toJS() as Manifest,
    );
    expect(read).toEqual(manifests.map((each) => JSON.parse(JSON.stringify(each)) as Manifest));
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

  test('a variable that nobody has set is not there, and an empty one is empty', () => {
    const { backend } = subject.config.services;
    const environment = { ...backend?.environment, UNSET: null, EMPTY: '' };
    const services = { ...subject.config.services, backend: { ...backend, environment } };
    const found = kubernetesManifests(
      { ...subject, config: { ...subject.config, services } },
      options,
    );
    const secret = found.find(({ metadata }) => metadata?.name === 'backend-environment');
    expect(secret).toHaveProperty('stringData.EMPTY', '');
    expect(secret).not.toHaveProperty('stringData.UNSET');
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
      terminationGracePeriodSeconds: 130,
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

  test('what several pods mount is ReadWriteMany, the database alone is not', () => {
    const modeOf = (name: string) => one('PersistentVolumeClaim', name)?.spec?.accessModes;
    expect(modeOf('storage')).toEqual(['ReadWriteMany']);
    expect(modeOf('postgres')).toEqual(['ReadWriteOnce']);
    const other = kubernetesManifests(subject, { ...options, sharedStorageClass: 'nfs' });
    const classes = other.flatMap((each) =>
      each.kind === 'PersistentVolumeClaim'
        ? [[each.metadata?.name, (each as PersistentVolumeClaim).spec?.storageClassName]]
        : [],
    );
    expect(Object.fromEntries(classes)).toMatchObject({ storage: 'nfs', postgres: undefined });
  });

  test('every claim that more than one pod may mount at once is ReadWriteMany', () => {
    const claims = manifests.filter(({ kind }) => kind === 'PersistentVolumeClaim');
    expect(claims.length).toBeGreaterThan(3);
    for (const { metadata, spec } of claims as PersistentVolumeClaim[]) {
      const pods = manifests.filter(({ kind }) => kind === 'Deployment') as Deployment[];
      const most = pods
        .filter((each) =>
          each.spec?.template.spec?.volumes?.some(
            ({ persistentVolumeClaim: used }) => used?.claimName === metadata?.name,
          ),
        )
        .map(({ spec }) => (spec?.replicas ?? 1) + (spec?.strategy?.type === 'Recreate' ? 0 : 1));
      const atOnce = most.reduce((sum, each) => sum + each, 0);
      expect(spec?.accessModes).toEqual([atOnce > 1 ? 'ReadWriteMany' : 'ReadWriteOnce']);
    }
  });

  test('a pod of the own image waits until its schema is there, others do not', () => {
    for (const name of ['backend', 'worker']) {
      const [waiting] = one('Deployment', name)?.spec?.template.spec?.initContainers ?? [];
      expect(waiting?.command?.slice(-3)).toEqual(options.migrated);
      expect(waiting).toMatchObject({ image: subject.image, envFrom: containerOf(name)?.envFrom });
    }
    expect(one('Deployment', 'postgres')?.spec?.template.spec).not.toHaveProperty('initContainers');
  });

  test('the wait ends when the command does with 0, whatever its words are', () => {
    const [waiting] = one('Deployment', 'worker')?.spec?.template.spec?.initContainers ?? [];
    const [shell = '', ...words] = waiting?.command?.slice(0, 4) ?? [];
    const folder = mkdtempSync(join(tmpdir(), 'wait-'));
    const count = join(folder, 'a b;$(exit)');
    // Twice not yet, then done.
    const done = ['sh', '-c', 'echo x >> "$0"; test "$(wc -l < "$0")" -ge 2', count];
    execFileSync(shell, [...words, ...done]);
    expect(readFileSync(count, 'utf8')).toBe('x\nx\n');
    rmSync(folder, { recursive: true });
  });

  test('another value of the environment makes other pods', () => {
    const digest = (all: Manifest[], name: string) =>
      (all.find((each) => each.kind === 'Deployment' && each.metadata?.name === name) as Deployment)
        .spec?.template.metadata?.annotations?.['environment-digest'];
    const worker = { ...subject.config.services['worker'], environment: { A: 'other' } };
    const services = { ...subject.config.services, worker };
    const other = kubernetesManifests(
      { ...subject, config: { ...subject.config, services } },
      options,
    );
    expect(digest(other, 'worker')).not.toBe(digest(manifests, 'worker'));
    expect(digest(other, 'backend')).toBe(digest(manifests, 'backend'));
  });

  test('who shares no network reaches nothing, and an internal network leads nowhere', () => {
    const inside = { networks: { inside: null }, image: 'tool:1' };
    const services = { ...subject.config.services, inside };
    const all = kubernetesManifests(
      { ...subject, config: { ...subject.config, services } },
      options,
    );
    const policy = (name: string) =>
      (
        all.find(
          (each) => each.kind === 'NetworkPolicy' && each.metadata?.name === name,
        ) as NetworkPolicy
      ).spec;
    const from = (name: string) =>
      policy(name)?.ingress?.[0]?.from?.map(
        ({ podSelector }) => podSelector?.matchLabels?.['app.kubernetes.io/name'],
      );
    expect(from('postgres')).toContain('inside');
    expect(from('caddy')).not.toContain('inside');
    expect(policy('caddy')?.ingress?.[1]?.ports).toContainEqual({ port: 443, protocol: 'UDP' });
    expect(policy('backend')?.ingress).toHaveLength(1);
    expect(policy('inside')?.policyTypes).toEqual(['Ingress', 'Egress']);
    expect(policy('backend')?.policyTypes).toEqual(['Ingress']);
  });

  test('the job that migrates may reach what its service may', () => {
    const [job] = manifests.filter(({ kind }) => kind === 'Job') as Job[];
    const labels = job?.spec?.template.metadata?.labels;
    const [ingress] = one('NetworkPolicy', 'postgres')?.spec?.ingress ?? [];
    expect(ingress?.from).toContainEqual({ podSelector: { matchLabels: labels } });
  });

  test('of several pods, a node that is emptied takes one at a time', () => {
    const worker = { ...subject.config.services['worker'], deploy: { replicas: 3 } };
    const services = { ...subject.config.services, worker };
    const all = kubernetesManifests(
      { ...subject, config: { ...subject.config, services } },
      options,
    );
    const budgets = all.filter(({ kind }) => kind === 'PodDisruptionBudget');
    expect(budgets.map(({ metadata }) => metadata?.name)).toEqual(['worker']);
    const Model = KINDS.PodDisruptionBudget;
    for (const each of budgets) new Model(each as never).validate();
  });

  test('only the job that migrates has the role that changes the schema', () => {
    const holders = manifests.filter(
      (each) => each.kind === 'Secret' && JSON.stringify(each).includes(MIGRATION_URL),
    );
    expect(holders.map((each) => each.metadata?.name)).toEqual(['backend-migrate-environment']);
    const [job] = manifests.filter(({ kind }) => kind === 'Job') as Job[];
    expect(job?.spec?.template.spec?.containers[0]?.envFrom).toEqual([
      { secretRef: { name: 'backend-migrate-environment' } },
    ]);
    const waiting = one('Deployment', 'backend')?.spec?.template.spec?.initContainers?.[0];
    expect(waiting?.envFrom).toEqual([{ secretRef: { name: 'backend-environment' } }]);
    const stack = swarmStack(subject);
    const [service, migration] = [
      stack.services['backend'],
      migrationJob(stack, 'backend', options.migrate, subject.migrationEnvironment),
    ] as { environment: object }[];
    expect(migration?.environment).toEqual({ DATABASE_URL: MIGRATION_URL });
    expect(JSON.stringify(service)).not.toContain(MIGRATION_URL);
  });

  test('the migration is a job of its own for each image', () => {
    const jobs = () => manifests.filter(({ kind }) => kind === 'Job') as Job[];
    const [first] = jobs();
    expect(first?.spec?.template.spec?.containers[0]).toMatchObject({
      image: subject.image,
      args: options.migrate,
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
    const [key = ''] = Object.keys(configs).filter((each) =>
      /Caddyfile$/.test(configs[each]!.file),
    );
    expect(Object.keys(configs)).toHaveLength(2);
    expect(services['caddy']).toMatchObject({
      configs: [{ source: key, target: '/etc/caddy/Caddyfile' }],
    });
    const changed = new Map([...subject.files].map(([path]) => [path, 'changed']));
    expect(Object.keys(swarmStack({ ...subject, files: changed }).configs)).not.toContain(key);
  });

  test('a folder of this machine is refused, with its service', () => {
    const files = new Map([...subject.files].filter(([path]) => !/Caddyfile$/.test(path)));
    expect(() => swarmStack({ ...subject, files })).toThrow(/^caddy mounts .*Caddyfile/);
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
