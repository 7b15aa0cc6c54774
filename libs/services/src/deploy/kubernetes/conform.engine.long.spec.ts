// Takes 60 s.
// And 200 more where Helm and kubeconform have to be built first.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { IPersistentVolumeClaim } from 'kubernetes-models/v1';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { chartFolder, documentsOf, HELM, said } from '../../testing/chart';
import { goTool } from '@excel2doc/oci/testing/go-tool';
import { KUBERNETES_VERSIONS, kubernetesSchemas } from '../../testing/kubernetes-schemas';
import { productionSubject } from '../../testing/production';
import { helmChart } from '../helm/chart';
import type { DeploySubject } from '../model';
import { kubernetesManifests, manifestText } from './manifests';

const options = {
  migrate: ['alembic', 'upgrade', 'head'],
  migrated: ['alembic', 'current', '--check-heads'],
  volumeSize: '5Gi',
  sharedStorageClass: 'nfs',
};

let helm: string;
let kubeconform: string;
let schemas: string;
let subject: DeploySubject;
const folders: string[] = [];

beforeAll(async () => {
  helm = goTool(HELM);
  kubeconform = goTool('github.com/yannh/kubeconform/cmd/kubeconform@v0.7.0');
  schemas = kubernetesSchemas();
  const found = await productionSubject('a-password', 'postgresql://owner@postgres/excel2doc');
  const worker = { ...found.config.services['worker'], deploy: { replicas: 3 } };
  const services = { ...found.config.services, worker };
  subject = { ...found, config: { ...found.config, services } };
}, 900_000);

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

/** What kubeconform finds in a text, and how many objects it looked at. */
function conform(text: string, version: string) {
  const place = '{{.NormalizedKubernetesVersion}}/{{.ResourceKind}}{{.KindSuffix}}.json';
  const args = ['-strict', '-output', 'json', '-summary', '-kubernetes-version', version];
  const { stdout, stderr } = said(
    kubeconform,
    [...args, '-schema-location', join(schemas, place)],
    text,
  );
  expect(stderr).toBe('');
  const { resources, summary } = JSON.parse(stdout) as {
    resources: { kind: string; name: string; msg: string }[];
    summary: { valid: number; invalid: number; errors: number; skipped: number };
  };
  return { faults: resources.map(({ kind, name, msg }) => `${kind} ${name}: ${msg}`), summary };
}

test.each(KUBERNETES_VERSIONS)('the manifests keep the schemas of Kubernetes %s', (version) => {
  const manifests = kubernetesManifests(subject, options);
  const { faults, summary } = conform(manifestText(manifests), version);
  expect(faults).toEqual([]);
  expect(summary).toEqual({ valid: manifests.length, invalid: 0, errors: 0, skipped: 0 });
});

test.each(KUBERNETES_VERSIONS)(
  'so does what the chart gives, with all that it offers: %s',
  (version) => {
    const folder = chartFolder(helmChart(subject, options));
    folders.push(folder);
    const values = [
      'ingress.host=a.example.org',
      'ingress.tlsSecret=a',
      'imagePullSecrets[0].name=a',
    ];
    const { stdout, stderr } = said(helm, [
      ...['template', 'release', join(folder, 'chart'), '-f', join(folder, 'secrets.yaml')],
      ...values.flatMap((each) => ['--set', each]),
    ]);
    expect(stderr).toBe('');
    const { faults, summary } = conform(stdout, version);
    expect(faults).toEqual([]);
    expect(summary).toMatchObject({ valid: documentsOf(stdout).length, skipped: 0 });
  },
);

test('and the schemas do find what is wrong', () => {
  const [claim] = kubernetesManifests(subject, options) as IPersistentVolumeClaim[];
  const misspelt = stringify({ ...claim, spec: { ...claim?.spec, storageClas: 'nfs' } });
  const { faults } = conform(misspelt, '1.34.0');
  expect(faults).toEqual([expect.stringContaining('storageClas')]);
});
