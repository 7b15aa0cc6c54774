import { posix } from 'node:path';
import type { IDeployment } from 'kubernetes-models/apps/v1';
import type { IJob } from 'kubernetes-models/batch/v1';
import type {
  IConfigMap,
  IContainer,
  IPersistentVolumeClaim,
  IPodSpec,
  IProbe,
  ISecret,
  IService,
  IVolume,
} from 'kubernetes-models/v1';
import {
  type DeployService,
  type DeploySubject,
  digestOf,
  listOf,
  mountedFiles,
  ownServices,
  without,
} from './model';

export type Manifest =
  IDeployment | IJob | IConfigMap | IPersistentVolumeClaim | ISecret | IService;

interface Options {
  /** Command that migrates the database, as a job. */
  migrate: string[] | undefined;
  /** Of each volume, as Kubernetes writes sizes. */
  volumeSize: string;
}

/**
 * The Kubernetes objects of a Compose model. A service with volumes of its own is replaced only
 * after the old one has ended, the project's own are replaced one by one.
 */
export function kubernetesManifests(subject: DeploySubject, options: Options): Manifest[] {
  const { config } = subject;
  const own = ownServices(subject);
  const volumes = new Set<string>();
  const manifests = Object.entries(config.services).flatMap(([name, service]) => {
    const labels = labelsOf(config.name, name);
    const files = mountedFiles(subject, name);
    const ports = portsOf(subject, name);
    for (const { source } of named(service)) volumes.add(source);
    const pod = podSpec(subject, name);
    return [
      secret(name, labels, service),
      ...files.map(({ target, content }): IConfigMap => ({
        ...{ apiVersion: 'v1', kind: 'ConfigMap' },
        metadata: { name: `${name}-${digestOf(content)}`, labels },
        data: { [posix.basename(target)]: content },
      })),
      ...(name === subject.service && options.migrate
        ? [migrationJob(subject, pod, labels, options.migrate)]
        : []),
      {
        ...{ apiVersion: 'apps/v1', kind: 'Deployment' },
        metadata: { name, labels },
        spec: {
          replicas: service.deploy?.replicas ?? 1,
          selector: { matchLabels: labels },
          strategy: own.includes(name)
            ? { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } }
            : { type: 'Recreate' },
          template: { metadata: { labels }, spec: pod },
        },
      } satisfies IDeployment,
      ...(ports.length > 0 ? [networkService(name, labels, service, ports)] : []),
    ];
  });
  return [
    ...[...volumes].map((name) => claim(config.name, name, options.volumeSize)),
    ...manifests,
  ];
}

const labelsOf = (project: string, name: string) => ({
  'app.kubernetes.io/name': name,
  'app.kubernetes.io/part-of': project,
});

const named = ({ volumes = [] }: DeployService) =>
  volumes.flatMap(({ type, source, target, read_only: readOnly = false }) =>
    type === 'volume' && source ? [{ source, target, readOnly }] : [],
  );

/** All of a service's environment: what of it is secret, nobody has to find out. */
function secret(name: string, labels: Record<string, string>, service: DeployService): ISecret {
  const entries = Object.entries(service.environment ?? {});
  return {
    ...{ apiVersion: 'v1', kind: 'Secret' },
    metadata: { name: `${name}-environment`, labels },
    stringData: {
      ...dataBelowMount(service),
      ...Object.fromEntries(entries.map(([key, value]) => [key, value ?? ''])),
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

function claim(project: string, name: string, size: string): IPersistentVolumeClaim {
  return {
    ...{ apiVersion: 'v1', kind: 'PersistentVolumeClaim' },
    metadata: { name, labels: { 'app.kubernetes.io/part-of': project } },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: size } } },
  };
}

interface Port {
  target: number;
  protocol: 'TCP' | 'UDP' | 'SCTP';
}

/**
 * What a service publishes, and what its image says that it opens. Of the project's own image that
 * holds for the service that it is made for; another one that runs it by a command of its own, such as
 * a worker, opens nothing that is not written.
 */
function portsOf(subject: DeploySubject, name: string): Port[] {
  const { config, images } = subject;
  const { ports = [], command, entrypoint } = config.services[name] ?? {};
  const published = ports.map(({ target, protocol = 'tcp' }): Port => ({
    target,
    protocol: protocol.toUpperCase() as Port['protocol'],
  }));
  const isOther = name !== subject.service && ownServices(subject).includes(name);
  const asImage = !(isOther && (command ?? entrypoint));
  const exposed = asImage ? (images.get(name)?.ports ?? []) : [];
  const more = exposed.filter((port) => !published.some(({ target }) => target === port));
  return [...published, ...more.map((target): Port => ({ target, protocol: 'TCP' }))];
}

/** `port-443`, `port-443-udp`. */
const portName = ({ target, protocol }: Port) =>
  protocol === 'TCP' ? `port-${target}` : `port-${target}-${protocol.toLowerCase()}`;

/** What the Compose model publishes gets an address outside of the cluster. */
function networkService(
  name: string,
  labels: Record<string, string>,
  { ports: published = [] }: DeployService,
  ports: Port[],
): IService {
  const outside = published.length > 0;
  const portOf = (target: number) =>
    Number(published.find((each) => each.target === target)?.published ?? target);
  return {
    ...{ apiVersion: 'v1', kind: 'Service' },
    metadata: { name, labels },
    spec: {
      type: outside ? 'LoadBalancer' : 'ClusterIP',
      selector: labels,
      ports: ports.map((port) => ({
        ...{ name: portName(port), port: portOf(port.target), targetPort: port.target },
        protocol: port.protocol,
      })),
    },
  };
}

function podSpec(subject: DeploySubject, name: string): IPodSpec {
  const service = subject.config.services[name] ?? {};
  const temporary = listOf(service.tmpfs).map((entry) => entry.split(':')[0] ?? '');
  const paths = service.shm_size === undefined ? temporary : [...temporary, '/dev/shm'];
  const files = mountedFiles(subject, name);
  const volumes: IVolume[] = [
    ...named(service).map(({ source }) => ({
      ...{ name: source, persistentVolumeClaim: { claimName: source } },
    })),
    ...files.map(({ content }) => ({
      ...{ name: `file-${digestOf(content)}`, configMap: { name: `${name}-${digestOf(content)}` } },
    })),
    ...paths.map((_, index) => ({ name: `memory-${index}`, emptyDir: { medium: 'Memory' } })),
  ];
  const mounts = [
    ...named(service).map(({ source, target, readOnly }) => ({
      ...{ name: source, mountPath: target, readOnly },
    })),
    ...files.map(({ content, target }) => ({
      ...{ name: `file-${digestOf(content)}`, mountPath: target, readOnly: true },
      subPath: posix.basename(target),
    })),
    ...paths.map((mountPath, index) => ({ name: `memory-${index}`, mountPath })),
  ];
  const group = subject.images.get(name)?.uid;
  return {
    // Volumes come as root's; this group may write to them.
    ...(group && volumes.length > 0 && { securityContext: { fsGroup: group } }),
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: seconds(service.stop_grace_period) ?? 30,
    containers: [{ ...container(subject, name, service), volumeMounts: mounts }],
    ...(volumes.length > 0 && { volumes }),
  };
}

function container(subject: DeploySubject, name: string, service: DeployService): IContainer {
  const isOwn = ownServices(subject).includes(name);
  const user = Number(service.user) || subject.images.get(name)?.uid;
  const check = service.healthcheck ?? subject.images.get(name)?.healthcheck;
  const command = check?.disable ? undefined : probeCommand(check?.test);
  const probe = (failures: number): IProbe => ({
    exec: { command: command ?? [] },
    periodSeconds: seconds(check?.interval) ?? 30,
    timeoutSeconds: seconds(check?.timeout) ?? 30,
    failureThreshold: failures,
  });
  const retries = check?.retries ?? 3;
  const hidden = (words: string[]) => words.map((word) => withoutSecrets(word, service));
  const { limits, reservations } = service.deploy?.resources ?? {};
  return {
    name,
    image: isOwn ? subject.image : (service.image ?? ''),
    ...(service.entrypoint && { command: hidden(service.entrypoint) }),
    ...(service.command && { args: hidden(service.command) }),
    ...(service.working_dir && { workingDir: service.working_dir }),
    envFrom: [{ secretRef: { name: `${name}-environment` } }],
    ...(portsOf(subject, name).length > 0 && {
      ports: portsOf(subject, name).map(({ target, protocol }) => ({
        containerPort: target,
        protocol,
      })),
    }),
    ...(command && {
      readinessProbe: probe(retries),
      livenessProbe: probe(retries * 2),
      startupProbe: { ...probe(60), periodSeconds: 2 },
    }),
    ...((limits ?? reservations) && {
      // Without a request of its own, Kubernetes takes the limit for one.
      resources: {
        ...(reservations && { requests: amounts(reservations) }),
        ...(limits && { limits: amounts(limits) }),
      },
    }),
    securityContext: {
      readOnlyRootFilesystem: service.read_only ?? false,
      allowPrivilegeEscalation: !service.security_opt?.some((each) => /no-new-priv/.test(each)),
      capabilities: {
        ...(service.cap_drop && { drop: service.cap_drop }),
        ...(service.cap_add && { add: service.cap_add }),
      },
      ...(user && { runAsNonRoot: true, runAsUser: user }),
      seccompProfile: { type: 'RuntimeDefault' },
    },
  };
}

const amounts = ({ cpus, memory }: { cpus?: string | number; memory?: string | number }) => ({
  ...(cpus !== undefined && { cpu: String(cpus) }),
  ...(memory !== undefined && { memory: String(memory) }),
});

function migrationJob(
  { image }: DeploySubject,
  pod: IPodSpec,
  labels: Record<string, string>,
  command: string[],
): IJob {
  const name = `${labels['app.kubernetes.io/name']}-migrate`;
  const containers = pod.containers.map((each) => ({
    ...without(each, 'readinessProbe', 'livenessProbe', 'startupProbe', 'ports'),
    args: command,
  }));
  const own = { ...labels, 'app.kubernetes.io/name': name };
  return {
    ...{ apiVersion: 'batch/v1', kind: 'Job' },
    // A job cannot be changed, so each image has its own.
    metadata: { name: `${name}-${digestOf(image)}`, labels: own },
    spec: {
      backoffLimit: 3,
      ttlSecondsAfterFinished: 86_400,
      template: {
        metadata: { labels: own },
        spec: { ...pod, restartPolicy: 'Never', containers },
      },
    },
  };
}

function probeCommand(test: string[] | undefined): string[] | undefined {
  const [kind, ...words] = test ?? [];
  if (kind === 'CMD') return words;
  return kind === 'CMD-SHELL' ? ['/bin/sh', '-c', ...words] : undefined;
}

/** A word of a command that holds a value of the environment names it instead. */
function withoutSecrets(word: string, { environment = {} }: DeployService): string {
  const found = Object.entries(environment).find(
    ([, value]) => value !== null && value.length >= 8 && word.includes(value),
  );
  return found ? word.replaceAll(found[1] as string, `$(${found[0]})`) : word;
}

/** Compose's `1m30s`, in whole seconds. */
function seconds(duration: string | undefined): number | undefined {
  if (duration === undefined) return undefined;
  const units: Record<string, number> = { h: 3600, m: 60, s: 1, ms: 0.001 };
  const parts = [...duration.matchAll(/([\d.]+)(ms|h|m|s)/g)];
  const sum = parts.reduce((total, [, n, unit]) => total + Number(n) * (units[unit ?? ''] ?? 0), 0);
  return Math.max(1, Math.round(sum));
}
