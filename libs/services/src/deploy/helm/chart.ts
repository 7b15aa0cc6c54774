import type { IDeployment } from 'kubernetes-models/apps/v1';
import type { IJob } from 'kubernetes-models/batch/v1';
import type { INetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1';
import type {
  IContainer,
  IPersistentVolumeClaim,
  IPodSpec,
  ISecret,
  IService,
} from 'kubernetes-models/v1';
import { stringify } from 'yaml';
import { type Manifest, type ManifestOptions, kubernetesManifests } from '../kubernetes/manifests';
import { jobParts } from '../kubernetes/migration';
import { portsOf } from '../kubernetes/ports';
import { type DeploySubject, ownServices } from '../model';
import { namedTemplates } from './named-templates';
import { OpenText, valueAt } from './open-text';
import { isScaled, optionalTemplates } from './optional';
import { chartValues, environments, secretOwner } from './values';
import { valuesSchema } from './values-schema';

/** A chart of Helm's, and beside it what holds passwords. */
export interface HelmChart {
  name: string;
  /** By their paths in the chart. None of them holds a value of an environment. */
  files: Map<string, string>;
  /** Values to install it with: the environment of each service. */
  secrets: string;
}

/**
 * The chart of a Compose model. It is made from the plain manifests: with its own values, and the
 * environments beside it, it gives exactly those.
 */
export function helmChart(subject: DeploySubject, options: ManifestOptions): HelmChart {
  const manifests = kubernetesManifests(subject, options);
  const own = ownServices(subject);
  const values = chartValues(subject, manifests);
  const scaled = Object.keys(values.autoscaling);
  const setting = { subject, own, scaled, environments: environments(manifests) };
  const { name } = subject.config;
  const templates = [
    ...manifests
      // Of how many pods there are decides a value: see optional.ts.
      .filter(({ kind }) => kind !== 'PodDisruptionBudget')
      .map((each): [string, string] => [fileOf(each), templateOf(each, setting)]),
    ...optionalTemplates(manifests, subject.service, own, scaled),
  ];
  return {
    name,
    files: new Map([
      ['Chart.yaml', stringify(description(name, values.image.tag.split('@')[0] ?? ''))],
      ['values.yaml', VALUES_HEAD + stringify(values, { compat: 'yaml-1.1' })],
      ['values.schema.json', `${JSON.stringify(valuesSchema(values), null, 2)}\n`],
      ['templates/_named.tpl', namedTemplates(name)],
      ...templates.map(([file, text]): [string, string] => [`templates/${file}`, text]),
    ]),
    secrets: `# Holds passwords: helm upgrade --install -f this file.\n${stringify(
      { environment: setting.environments },
      { compat: 'yaml-1.1', defaultStringType: 'QUOTE_DOUBLE', defaultKeyType: 'PLAIN' },
    )}`,
  };
}

// What is after the plus is no part of the order of versions, and may be any tag.
const description = (name: string, tag: string) => ({
  apiVersion: 'v2',
  name,
  description: `${name}, from its Compose files`,
  type: 'application',
  version: `0.1.0+${tag.replace(/[^0-9A-Za-z-]/g, '-')}`,
  appVersion: tag,
});

const VALUES_HEAD = `# Environments (passwords) are given beside it, or as Secrets that are there: existingSecrets.
# ingress.host: the cluster's TLS front asks the main service; set the own one's replicas to 0 then.
# autoscaling: needs KEDA, and the address of a Prometheus that has the metric.
`;

interface Setting {
  environments: Record<string, object>;
  subject: DeploySubject;
  own: readonly string[];
  scaled: readonly string[];
}

const fileOf = ({ kind, metadata }: Manifest) =>
  `${kind === 'Job' ? metadata?.labels?.['app.kubernetes.io/name'] : metadata?.name}-${kind?.toLowerCase()}.yaml`;

function templateOf(manifest: Manifest, setting: Setting): string {
  const open = new OpenText(manifest);
  const copy = structuredClone(manifest);
  switch (copy.kind) {
    case 'Secret':
      return secretTemplate(copy as ISecret, open);
    case 'PersistentVolumeClaim':
      openClaim(copy as IPersistentVolumeClaim, open);
      break;
    case 'Service':
      openService(copy as IService, open);
      break;
    case 'Deployment':
      openDeployment(copy as IDeployment, open, setting);
      break;
    case 'Job':
      openJob(copy as IJob, open, setting);
      break;
    case 'NetworkPolicy':
      openPolicy(copy as INetworkPolicy, open, setting);
  }
  return open.write(copy);
}

const namesOf = (names: string[]) =>
  `(list${names.map((each) => ` ${JSON.stringify(each)}`).join('')})`;

function secretTemplate(secret: ISecret, open: OpenText): string {
  const owner = JSON.stringify(secretOwner(secret));
  const names = namesOf(Object.keys(secret.stringData ?? {}));
  const environment = `include "environment" (dict "root" $ "owner" ${owner} "names" ${names})`;
  const text = open.write({ ...secret, stringData: open.value(environment) });
  return `{{- if not ${valueAt('existingSecrets', secretOwner(secret))} }}\n${text}{{- end }}\n`;
}

/** What is taken away with a release, its data should not be. */
function openClaim(claim: IPersistentVolumeClaim, open: OpenText): void {
  const { metadata, spec } = claim;
  const values = valueAt('volumes', metadata?.name ?? '');
  Object.assign(metadata ?? {}, { annotations: { 'helm.sh/resource-policy': 'keep' } });
  delete spec?.storageClassName;
  const line = `{{- with ${values}.storageClass }}\nstorageClassName: {{ . | quote }}\n{{- end }}`;
  Object.assign(spec ?? {}, {
    resources: { requests: { storage: open.value(`${values}.size | quote`) } },
    [open.lines(line)]: true,
  });
}

function openService({ metadata, spec }: IService, open: OpenText): void {
  if (spec)
    Object.assign(spec, {
      type: open.value(`${valueAt('services', metadata?.name ?? '')}.serviceType`),
    });
}

function openDeployment(deployment: IDeployment, open: OpenText, setting: Setting): void {
  const { metadata, spec } = deployment;
  const name = metadata?.name ?? '';
  const replicas = `int ${valueAt('services', name)}.replicas`;
  const isOpen = setting.scaled.includes(name);
  if (!spec) return;
  // The autoscaler's to say, where there is one.
  if (isOpen) delete spec.replicas;
  Object.assign(
    spec,
    isOpen
      ? {
          [open.lines(`{{- if not ${isScaled(name)} }}\nreplicas: {{ ${replicas} }}\n{{- end }}`)]:
            true,
        }
      : { replicas: open.value(replicas) },
  );
  const { template } = spec;
  const owner = JSON.stringify(name);
  const names = namesOf(Object.keys(setting.environments[name] ?? {}));
  const digest = `{{ include "environment-digest" (dict "root" $ "owner" ${owner} "names" ${names}) | quote }}`;
  delete template.metadata?.annotations;
  Object.assign(template.metadata ?? {}, {
    [open.lines(
      `{{- if not ${valueAt('existingSecrets', name)} }}\nannotations:\n  environment-digest: ${digest}\n{{- end }}`,
    )]: true,
  });
  openPod(template.spec, open, name, name, setting);
}

function openJob(job: IJob, open: OpenText, setting: Setting): void {
  const { metadata, spec } = job;
  if (!spec || !metadata) return;
  const { fixed, open: found } = jobParts(spec.template);
  const { service } = setting.subject;
  const name = metadata.labels?.['app.kubernetes.io/name'] ?? '';
  const owner = found.secret.replace(/-environment$/, '');
  const parts = [
    `"image" (include "image" $)`,
    `"imagePullSecrets" .Values.imagePullSecrets`,
    `"resources" (${valueAt('services', service)}.resources | default dict)`,
    `"secret" (include "secret" (dict "root" $ "owner" ${JSON.stringify(owner)}))`,
  ];
  metadata.name = open.text(
    `${name}-{{ include "job-digest" (dict "fixed" ${JSON.stringify(fixed)} "open" (dict ${parts.join(' ')})) }}`,
  );
  openPod(spec.template.spec, open, service, owner, setting);
}

function openPod(
  pod: IPodSpec | undefined,
  open: OpenText,
  name: string,
  owner: string,
  { own }: Setting,
): void {
  if (!pod) return;
  const values = valueAt('services', name);
  const image = own.includes(name) ? 'include "image" $' : `${values}.image`;
  const secret = `include "secret" (dict "root" $ "owner" ${JSON.stringify(owner)})`;
  const resources = `{{- with ${values}.resources }}\nresources: {{ toJson . }}\n{{- end }}`;
  const opened = (container: IContainer): IContainer => {
    const rest = { ...container };
    delete rest.resources;
    return {
      ...rest,
      image: open.value(`${image} | quote`),
      envFrom: [{ secretRef: { name: open.value(`${secret} | quote`) } }],
      [open.lines(resources)]: true,
    };
  };
  Object.assign(pod, {
    containers: pod.containers.map(opened),
    ...(pod.initContainers && { initContainers: pod.initContainers.map(opened) }),
    [open.lines(
      '{{- with .Values.imagePullSecrets }}\nimagePullSecrets: {{ toJson . }}\n{{- end }}',
    )]: true,
  });
}

/** The cluster's TLS front stands in another namespace, and no network of the model leads there. */
function openPolicy(
  { metadata, spec }: INetworkPolicy,
  open: OpenText,
  { subject }: Setting,
): void {
  const name = metadata?.name ?? '';
  const [port] = portsOf(subject, name);
  if (name !== subject.service || !port) return;
  const rule = `- ports: [{ port: ${port.target}, protocol: ${port.protocol} }]`;
  spec?.ingress?.push(open.lines(`{{- if .Values.ingress.host }}\n${rule}\n{{- end }}`) as never);
}
