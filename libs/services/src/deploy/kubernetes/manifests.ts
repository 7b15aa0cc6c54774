import { posix } from 'node:path';
import type { IDeployment } from 'kubernetes-models/apps/v1';
import type { IJob } from 'kubernetes-models/batch/v1';
import type { INetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1';
import type { IPodDisruptionBudget } from 'kubernetes-models/policy/v1';
import type {
  IConfigMap,
  IPersistentVolumeClaim,
  IPodSpec,
  ISecret,
  IService,
} from 'kubernetes-models/v1';
import { stringify } from 'yaml';
import {
  type DeployService,
  type DeploySubject,
  digestOf,
  environmentDigest,
  mountedFiles,
  ownServices,
} from '../model';
import { disruptionBudget, networkPolicy } from './guards';
import { awaitMigration, environmentName, migrationJob, migrationName } from './migration';
import { podSpec } from './pod';
import { networkService, portsOf } from './ports';
import { claims, named, type Storage } from './volumes';

export type Manifest =
  | IDeployment
  | IJob
  | IConfigMap
  | IPersistentVolumeClaim
  | ISecret
  | IService
  | INetworkPolicy
  | IPodDisruptionBudget;

export interface ManifestOptions extends Storage {
  /** Command that migrates the database, as a job. */
  migrate: string[] | undefined;
  /** Command that ends with 0 once that is done; the pods of the project's image wait for it. */
  migrated?: string[] | undefined;
}

/**
 * The Kubernetes objects of a Compose model. A service with volumes of its own is replaced only
 * after the old one has ended, the project's own are replaced one by one.
 */
export function kubernetesManifests(subject: DeploySubject, options: ManifestOptions): Manifest[] {
  const { config } = subject;
  const own = ownServices(subject);
  const labelsOf = (name: string) => ({
    'app.kubernetes.io/name': name,
    'app.kubernetes.io/part-of': config.name,
  });
  const manifests = Object.entries(config.services).flatMap(([name, service]) => {
    const labels = labelsOf(name);
    const files = mountedFiles(subject, name);
    const ports = portsOf(subject, name);
    const pod = podSpec(subject, name);
    const environment = secret(name, labels, service);
    const waits = own.includes(name) && options.migrate !== undefined && options.migrated;
    return [
      environment,
      ...files.map(({ target, content }): IConfigMap => ({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: `${name}-${digestOf(content)}`, labels },
        data: { [posix.basename(target)]: content },
      })),
      ...(name === subject.service && options.migrate
        ? migration(subject, pod, labels, options.migrate)
        : []),
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name, labels },
        spec: {
          replicas: service.deploy?.replicas ?? 1,
          selector: { matchLabels: labels },
          strategy: own.includes(name)
            ? { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } }
            : { type: 'Recreate' },
          template: {
            metadata: {
              labels,
              // A pod reads its environment once: another one makes other pods.
              annotations: {
                'environment-digest': environmentDigest(environment.stringData ?? {}),
              },
            },
            spec: waits ? awaitMigration(pod, waits) : pod,
          },
        },
      } satisfies IDeployment,
      ...(ports.length > 0 ? [networkService(name, labels, service, ports)] : []),
      networkPolicy(subject, name, labelsOf),
      ...disruptionBudget(subject, name, labels),
    ];
  });
  return [...claims(subject, options), ...manifests];
}

/** The job, and its environment where it has one of its own. */
function migration(
  subject: DeploySubject,
  pod: IPodSpec,
  labels: Record<string, string>,
  command: string[],
): Manifest[] {
  const { service, migrationEnvironment: environment } = subject;
  const job = migrationJob(subject, pod, labels, command);
  return environment
    ? [secret(migrationName(service), job.metadata?.labels ?? {}, { environment }), job]
    : [job];
}

/** The file that kubectl reads, by the rules of YAML 1.1: a text such as `yes` or `1:30` is quoted. */
export const manifestText = (manifests: readonly Manifest[]): string =>
  manifests.map((each) => stringify(each, { compat: 'yaml-1.1' })).join('---\n');

/**
 * All of a service's environment: what of it is secret, nobody has to find out. A variable without a
 * value is one that nobody has set; Compose does not give it to the container either.
 */
function secret(name: string, labels: Record<string, string>, service: DeployService): ISecret {
  const entries = Object.entries(service.environment ?? {}).filter(([, value]) => value !== null);
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: environmentName(name), labels },
    stringData: {
      ...dataBelowMount(service),
      ...(Object.fromEntries(entries) as Record<string, string>),
    },
  };
}

/**
 * A fresh volume of a cluster is a file system with a `lost+found`, and initdb refuses a folder that
 * is not empty: the official image's data goes into a folder of its own.
 */
function dataBelowMount(service: DeployService): Record<string, string> {
  const data = '/var/lib/postgresql/data';
  const mounted = named(service).some(({ target }) => target === data);
  return mounted ? { PGDATA: `${data}/pgdata` } : {};
}
