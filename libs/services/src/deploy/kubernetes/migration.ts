import type { IJob } from 'kubernetes-models/batch/v1';
import type { IContainer, IPodSpec } from 'kubernetes-models/v1';
import { type DeploySubject, digestOf, without } from '../model';

/** The secret that has the environment of a service, or of the job. */
export const environmentName = (name: string) => `${name}-environment`;

/** The name of the job that migrates for a service. */
export const migrationName = (service: string) => `${service}-migrate`;

/** Migrates the database by the new image, once. */
export function migrationJob(
  { image, migrationEnvironment }: DeploySubject,
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
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    // A job cannot be changed, so each image has its own.
    metadata: { name: `${name}-${digestOf(image)}`, labels: own },
    spec: {
      // On the first day the database itself is still being pulled.
      backoffLimit: 10,
      ttlSecondsAfterFinished: 86_400,
      template: {
        metadata: { labels: own },
        spec: { ...pod, restartPolicy: 'Never', containers },
      },
    },
  };
}

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
