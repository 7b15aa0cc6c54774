import type { IJob } from 'kubernetes-models/batch/v1';
import type { IContainer, IPodSpec } from 'kubernetes-models/v1';
import { type DeploySubject, digestOf, without } from '../model';

/** The secret that has the environment of a service, or of the job. */
export const environmentName = (name: string) => `${name}-environment`;

/** The name of the job that migrates for a service. */
export const migrationName = (service: string) => `${service}-migrate`;

/** Migrates the database by the new image, once. */
export function migrationJob(
  { migrationEnvironment }: DeploySubject,
  pod: IPodSpec,
  labels: Record<string, string>,
  command: string[],
): IJob {
  const name = migrationName(labels['app.kubernetes.io/name'] ?? '');
  const containers = pod.containers.map((each) => ({
    ...without(each, 'readinessProbe', 'livenessProbe', 'startupProbe', 'ports'),
    args: command,
    ...(migrationEnvironment && { envFrom: [{ secretRef: { name: environmentName(name) } }] }),
  }));
  const own = { ...labels, 'app.kubernetes.io/name': name };
  const template = {
    metadata: { labels: own },
    spec: { ...pod, restartPolicy: 'Never' as const, containers },
  };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    // A job cannot be changed: another image, limit or volume makes another one.
    metadata: { name: `${name}-${jobDigest(jobParts(template))}`, labels: own },
    spec: {
      // On the first day the database itself is still being pulled.
      backoffLimit: 10,
      ttlSecondsAfterFinished: 86_400,
      template,
    },
  };
}

/** What a job's pod is, and of it what a chart leaves open. */
export interface JobParts {
  /** Digest of all that is given. */
  fixed: string;
  open: { image: string; imagePullSecrets: object[]; resources: object; secret: string };
}

/** A job's pod, taken apart. */
export function jobParts(template: NonNullable<IJob['spec']>['template']): JobParts {
  const [container] = template.spec?.containers ?? [];
  const { image = '', resources = {}, envFrom = [] } = container ?? {};
  const rest = {
    ...template,
    spec: { ...template.spec, containers: [without(container!, 'image', 'resources', 'envFrom')] },
  };
  const secret = envFrom[0]?.secretRef?.name ?? '';
  return {
    fixed: digestOf(sortedJson(rest)),
    open: { image, imagePullSecrets: [], resources, secret },
  };
}

/** Of a job's pod: what a chart's template comes to for the same values. */
export const jobDigest = ({ fixed, open }: JobParts) => digestOf(`${fixed}\n${sortedJson(open)}`);

/** As Helm's `toJson` writes it: names in their order. */
const sortedJson = (value: unknown) =>
  JSON.stringify(value, (_, each: unknown) =>
    each && typeof each === 'object' && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  );

/**
 * A pod that starts before its migration is done would meet a schema that it does not know: it waits,
 * and a rollout waits for it, while those of the last image serve.
 *
 * @param done the command that ends with 0 once the schema is the one of the image
 */
export function awaitMigration(pod: IPodSpec, done: string[]): IPodSpec {
  const waiting = pod.containers.map((each): IContainer => {
    const { name, image, envFrom, resources, securityContext, volumeMounts } = each;
    return {
      name: `${name}-schema`,
      ...(image !== undefined && { image }),
      ...(envFrom && { envFrom }),
      ...(resources && { resources }),
      ...(securityContext && { securityContext }),
      ...(volumeMounts && { volumeMounts }),
      // The words of the command are its arguments, so that none of them is read by the shell.
      command: ['/bin/sh', '-c', 'until "$@"; do sleep 2; done', 'until', ...done],
    };
  });
  return { ...pod, initContainers: waiting };
}
