import type { IDeployment } from 'kubernetes-models/apps/v1';
import type { IPersistentVolumeClaim, ISecret, IService } from 'kubernetes-models/v1';
import { StagesError } from '@excel2doc/stages';
import type { Manifest } from '../kubernetes/manifests';
import { type DeploySubject, ownServices } from '../model';

/** The label of a service whose pods follow how long work waits: a query of Prometheus, in seconds. */
export const QUEUE_AGE_LABEL = 'nx-stages.queue-age';

/** What a chart leaves open, at the values that the plain manifests have. */
export interface ChartValues {
  image: { repository: string; tag: string };
  imagePullSecrets: { name: string }[];
  /** Secrets that are there already, in place of those that the chart makes. */
  existingSecrets: Record<string, string>;
  services: Record<
    string,
    {
      image?: string;
      replicas: number;
      resources: object;
      serviceType?: string;
    }
  >;
  volumes: Record<string, { size: string; storageClass: string }>;
  ingress: { host: string; className: string; tlsSecret: string; annotations: object };
  autoscaling: Record<
    string,
    {
      enabled: boolean;
      prometheus: string;
      query: string;
      seconds: number;
      minReplicas: number;
      maxReplicas: number;
    }
  >;
}

/** Read from the manifests, so that what a chart gives by itself is what they are. */
export function chartValues(subject: DeploySubject, manifests: readonly Manifest[]): ChartValues {
  const own = ownServices(subject);
  // A digest, where there is one, goes with the tag.
  const at = subject.image.indexOf(':', subject.image.lastIndexOf('/'));
  const values: ChartValues = {
    image: { repository: subject.image.slice(0, at), tag: subject.image.slice(at + 1) },
    imagePullSecrets: [],
    existingSecrets: {},
    services: {},
    volumes: {},
    ingress: { host: '', className: '', tlsSecret: '', annotations: {} },
    autoscaling: {},
  };
  for (const manifest of manifests) {
    const name = manifest.metadata?.name ?? '';
    if (manifest.kind === 'Secret') values.existingSecrets[secretOwner(manifest)] = '';
    if (manifest.kind === 'PersistentVolumeClaim') values.volumes[name] = volumeOf(manifest);
    if (manifest.kind === 'Deployment') {
      const { spec } = manifest as IDeployment;
      const [container] = spec?.template.spec?.containers ?? [];
      values.services[name] = {
        ...(!own.includes(name) && { image: container?.image ?? '' }),
        replicas: spec?.replicas ?? 1,
        resources: container?.resources ?? {},
      };
    }
  }
  for (const manifest of manifests) {
    const service = values.services[manifest.metadata?.name ?? ''];
    const type = (manifest as IService).spec?.type;
    if (manifest.kind === 'Service' && service && type) service.serviceType = type;
  }
  for (const name of own) {
    const query = subject.config.services[name]?.labels?.[QUEUE_AGE_LABEL];
    if (query !== undefined) values.autoscaling[name] = autoscaling(name, query);
  }
  return values;
}

/** The service, or job, whose environment a Secret is. */
export const secretOwner = ({ metadata }: Pick<ISecret, 'metadata'>) =>
  (metadata?.name ?? '').replace(/-environment$/, '');

/** All environments: what is given beside the chart, since it holds passwords. */
export const environments = (manifests: readonly Manifest[]) =>
  Object.fromEntries(
    manifests.flatMap((each) =>
      each.kind === 'Secret' ? [[secretOwner(each), (each as ISecret).stringData ?? {}]] : [],
    ),
  );

const volumeOf = ({ spec }: IPersistentVolumeClaim) => ({
  size: String(spec?.resources?.requests?.['storage'] ?? ''),
  storageClass: spec?.storageClassName ?? '',
});

function autoscaling(name: string, query: string) {
  if (query.trim() === '')
    throw new StagesError('LABEL_INVALID', {
      message: `${name} has the label ${QUEUE_AGE_LABEL} without a query`,
      hint: 'Give a query of Prometheus whose result is the seconds that the oldest job waits',
    });
  return { enabled: false, prometheus: '', query, seconds: 60, minReplicas: 1, maxReplicas: 8 };
}
