import type { IPersistentVolumeClaim } from 'kubernetes-models/v1';
import { type DeployService, type DeploySubject, ownServices } from '../model';

/** The named volumes that a service mounts. */
export const named = ({ volumes = [] }: DeployService) =>
  volumes.flatMap(({ type, source, target, read_only: readOnly = false }) =>
    type === 'volume' && source ? [{ source, target, readOnly }] : [],
  );

/**
 * Volumes that several pods use at once: of several services, of one that has more than one pod, or
 * of one whose pods are replaced one by one, so that the next one starts while the last one runs.
 * `ReadWriteOnce` is a node, and the next pod may be on another one.
 */
export function sharedVolumes(subject: DeploySubject): Set<string> {
  const own = ownServices(subject);
  const users = Object.entries(subject.config.services).flatMap(([name, service]) =>
    named(service).flatMap(({ source }) =>
      own.includes(name) || (service.deploy?.replicas ?? 1) > 1 ? [source, source] : [source],
    ),
  );
  return new Set(users.filter((name, at) => users.indexOf(name) !== at));
}

/** What the volumes of a deployment ask a cluster for. */
export interface Storage {
  /** Of each volume, as Kubernetes writes sizes. */
  volumeSize: string;
  /** The storage class of volumes that several pods write to; default: the cluster's own. */
  sharedStorageClass?: string | undefined;
}

/** A claim for each volume. */
export function claims(subject: DeploySubject, storage: Storage): IPersistentVolumeClaim[] {
  const { name: project, services } = subject.config;
  const shared = sharedVolumes(subject);
  const names = new Set(
    Object.values(services).flatMap((each) => named(each).map(({ source }) => source)),
  );
  return [...names].map((name) => ({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name, labels: { 'app.kubernetes.io/part-of': project } },
    spec: {
      accessModes: [shared.has(name) ? 'ReadWriteMany' : 'ReadWriteOnce'],
      ...(shared.has(name) &&
        storage.sharedStorageClass !== undefined && {
          storageClassName: storage.sharedStorageClass,
        }),
      resources: { requests: { storage: storage.volumeSize } },
    },
  }));
}
