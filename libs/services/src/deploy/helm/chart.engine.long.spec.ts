// Takes 20 s.
// And 180 more where Helm has to be built first.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { ScaledObject } from '@kubernetes-models/keda/keda.sh/v1alpha1';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chartFolder, documentsOf, HELM, said } from '../../testing/chart';
import { goTool } from '@excel2doc/oci/testing/go-tool';
import { productionSubject } from '../../testing/production';
import { type Manifest, kubernetesManifests } from '../kubernetes/manifests';
import type { DeploySubject } from '../model';
import { helmChart } from './chart';

const PASSWORD = 'a-password: <that> & "nobody" {{ may }} see';
const MIGRATION_URL = 'postgresql://owner:another-password@postgres/excel2doc';
const options = {
  migrate: ['alembic', 'upgrade', 'head'],
  migrated: ['alembic', 'current', '--check-heads'],
  volumeSize: '5Gi',
};

let helm: string;
let subject: DeploySubject;
const folders: string[] = [];

beforeAll(async () => {
  helm = goTool(HELM);
  subject = await productionSubject(PASSWORD, MIGRATION_URL);
}, 900_000);

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

/** A chart on disk, with its secrets beside it. */
function written(of: DeploySubject, more = {}): string {
  const folder = chartFolder(helmChart(of, { ...options, ...more }));
  folders.push(folder);
  return folder;
}

const run = (...args: string[]) => said(helm, args);

function rendered(folder: string, ...args: string[]): Manifest[] {
  const secrets = ['-f', join(folder, 'secrets.yaml')];
  const result = run('template', 'release', join(folder, 'chart'), ...secrets, ...args);
  expect(result.stderr).toBe('');
  return documentsOf(result.stdout);
}

const byName = (manifests: readonly Manifest[]) =>
  Object.fromEntries(manifests.map((each) => [`${each.kind} ${each.metadata?.name}`, each]));

const KEPT = { 'helm.sh/resource-policy': 'keep' };

/** The plain ones, and a claim stays when a release goes: the one thing that a chart adds. */
const asChart = (manifests: readonly Manifest[]) =>
  byName(
    (JSON.parse(JSON.stringify(manifests)) as Manifest[]).map((each) =>
      each.kind === 'PersistentVolumeClaim'
        ? ({ ...each, metadata: { ...each.metadata, annotations: KEPT } } as Manifest)
        : each,
    ),
  );

const withService = (name: string, more: object): DeploySubject => ({
  ...subject,
  config: {
    ...subject.config,
    services: {
      ...subject.config.services,
      [name]: { ...subject.config.services[name], ...more },
    },
  },
});

describe('by its own values a chart gives the plain manifests', () => {
  test.each<[string, () => DeploySubject, object]>([
    ['of this workspace', () => subject, {}],
    ['with a storage class', () => subject, { sharedStorageClass: 'nfs' }],
    ['without a migration', () => subject, { migrate: undefined }],
    ['with several pods', () => withService('worker', { deploy: { replicas: 3 } }), {}],
    [
      'where a file and a command look like templates',
      () => ({
        ...withService('worker', {
          command: ['sh', '-c', 'echo {{ .Values.x }} PLACE0END {{- "a" }}'],
        }),
        files: new Map([...subject.files].map(([path]) => [path, 'a: {{ b }}\n  {{- c -}}\n'])),
      }),
      {},
    ],
    [
      'where values look like something else than texts',
      () => withService('worker', { environment: { A: 'yes', B: '1e3', C: '', D: 'ä\n x: "1"' } }),
      {},
    ],
  ])('%s', (_what, of, more) => {
    const plain = kubernetesManifests(of(), { ...options, ...more });
    expect(byName(rendered(written(of(), more)))).toEqual(asChart(plain));
  });
});

describe('this workspace’s chart', () => {
  let folder: string;
  beforeAll(() => {
    folder = written(
      withService('worker', { labels: { 'nx-stages.queue-age': 'max(age{a="b"})' } }),
    );
  });
  const at = (key: string, ...args: string[]) => byName(rendered(folder, ...args))[key] as never;

  test('is one that Helm finds no fault with', () => {
    const { status, stdout } = run(
      ...['lint', '--strict', join(folder, 'chart'), '-f', join(folder, 'secrets.yaml')],
    );
    expect(stdout).toContain('1 chart(s) linted, 0 chart(s) failed');
    expect(status).toBe(0);
  });

  test('holds no password, and says which value is missing', () => {
    const all = [...helmChart(subject, options).files.values()].join('\n');
    expect(all).not.toMatch(/a-password|another-password/);
    const { status, stderr } = run('template', 'release', join(folder, 'chart'));
    expect(stderr).toMatch(/environment\.\S+\.\S+ is not given: add -f [\w-]+\.secrets\.yaml/);
    expect(status).not.toBe(0);
  });

  test('takes Secrets that are there in place of its own', () => {
    const owners = ['backend', 'worker', 'postgres', 'redis', 'caddy', 'backend-migrate'];
    const set = owners.flatMap((name) => ['--set', `existingSecrets.${name}=their-${name}`]);
    const { stdout, stderr } = run('template', 'release', join(folder, 'chart'), ...set);
    expect(stderr).toBe('');
    const all = documentsOf(stdout);
    expect(all.filter((each) => each.kind === 'Secret')).toEqual([]);
    expect(stdout).toContain('name: "their-backend-migrate"');
    expect(stdout).not.toContain('-environment"');
    expect(stdout).not.toContain('environment-digest');
  });

  test('another image, limit or pull secret makes another job: none of them can be changed in it', () => {
    const jobOf = (...args: string[]) =>
      rendered(folder, ...args).find(({ kind }) => kind === 'Job')?.metadata?.name;
    const names = [
      jobOf(),
      jobOf('--set', 'image.tag=other'),
      jobOf('--set', 'services.backend.resources.limits.memory=2Gi'),
      jobOf('--set', 'imagePullSecrets[0].name=registry'),
      jobOf('--set', 'existingSecrets.backend-migrate=theirs'),
    ];
    expect(new Set(names).size).toBe(names.length);
    expect(jobOf('--set', 'services.worker.replicas=4')).toBe(names[0]);
  });

  test('replicas, resources, storage, service type and image pull secrets are values', () => {
    const args = [
      'services.worker.replicas=4',
      'services.worker.resources.limits.cpu=3',
      'volumes.storage.storageClass=fast',
      'volumes.storage.size=1Ti',
      'services.caddy.serviceType=ClusterIP',
      'imagePullSecrets[0].name=registry',
    ].flatMap((each) => ['--set', each]);
    expect(at('Deployment worker', ...args)).toMatchObject({
      spec: {
        replicas: 4,
        template: {
          spec: {
            imagePullSecrets: [{ name: 'registry' }],
            containers: [{ resources: { limits: { cpu: 3 } } }],
          },
        },
      },
    });
    expect(at('PodDisruptionBudget worker', ...args)).toBeDefined();
    expect(at('PersistentVolumeClaim storage', ...args)).toMatchObject({
      spec: { storageClassName: 'fast', resources: { requests: { storage: '1Ti' } } },
    });
    expect(at('Service caddy', ...args)).toMatchObject({ spec: { type: 'ClusterIP' } });
  });

  test('with a host there is an Ingress, and the network lets it in', () => {
    const args = [
      'ingress.host=docs.example.org',
      'ingress.tlsSecret=tls',
      'ingress.className=nginx',
    ];
    const set = args.flatMap((each) => ['--set', each]);
    expect(at('Ingress backend', ...set)).toMatchObject({
      spec: {
        ingressClassName: 'nginx',
        tls: [{ hosts: ['docs.example.org'], secretName: 'tls' }],
        rules: [{ host: 'docs.example.org' }],
      },
    });
    const open = { ports: [{ port: 8000, protocol: 'TCP' }] };
    const policy = at('NetworkPolicy backend', ...set) as { spec: { ingress: object[] } };
    expect(policy.spec.ingress).toContainEqual(open);
    const closed = at('NetworkPolicy backend') as { spec: { ingress: object[] } };
    expect(closed.spec.ingress).not.toContainEqual(open);
  });

  test('workers follow the age of the queue where that is asked for, and nobody else counts them', () => {
    expect(at('ScaledObject worker')).toBeUndefined();
    const on = ['--set', 'autoscaling.worker.enabled=true'];
    const refused = run(
      ...['template', 'release', join(folder, 'chart'), '-f', join(folder, 'secrets.yaml'), ...on],
    );
    expect(refused.stderr).toContain('autoscaling.worker.prometheus is not given');
    const args = [...on, '--set', 'autoscaling.worker.prometheus=http://prometheus:9090'];
    expect(at('ScaledObject worker', ...args)).toMatchObject({
      spec: {
        scaleTargetRef: { name: 'worker' },
        triggers: [{ type: 'prometheus', metadata: { query: 'max(age{a="b"})', threshold: '60' } }],
      },
    });
    new ScaledObject(at('ScaledObject worker', ...args)).validate();
    const deployment = at('Deployment worker', ...args) as { spec: object };
    expect(deployment.spec).not.toHaveProperty('replicas');
    expect(at('PodDisruptionBudget worker', ...args)).toBeDefined();
  });

  test.each([
    ['services.workre.replicas=2', 'workre'],
    ['services.worker.replicas=two', 'replicas'],
    ['ingres.host=a', 'ingres'],
  ])('a value that it does not have is refused: %s', (value, named) => {
    const { status, stderr } = run(
      ...['template', 'release', join(folder, 'chart'), '-f', join(folder, 'secrets.yaml')],
      ...['--set', value],
    );
    expect(stderr).toContain(named);
    expect(status).not.toBe(0);
  });
});
