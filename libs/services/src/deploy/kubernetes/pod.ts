import { posix } from 'node:path';
import type { IContainer, IPodSpec, IProbe, IVolume } from 'kubernetes-models/v1';
import {
  type DeployService,
  type DeploySubject,
  digestOf,
  listOf,
  mountedFiles,
  ownServices,
} from '../model';
import { environmentName } from './migration';
import { portsOf } from './ports';
import { named } from './volumes';

/** The pod that runs a service, as its Compose model and its image say. */
export function podSpec(subject: DeploySubject, name: string): IPodSpec {
  const service = subject.config.services[name] ?? {};
  const temporary = listOf(service.tmpfs).map((entry) => entry.split(':')[0] ?? '');
  const paths = service.shm_size === undefined ? temporary : [...temporary, '/dev/shm'];
  const files = mountedFiles(subject, name);
  const volumes: IVolume[] = [
    ...named(service).map(({ source }) => ({
      name: source,
      persistentVolumeClaim: { claimName: source },
    })),
    ...files.map(({ content }) => ({
      name: `file-${digestOf(content)}`,
      configMap: { name: `${name}-${digestOf(content)}` },
    })),
    ...paths.map((_, index) => ({ name: `memory-${index}`, emptyDir: { medium: 'Memory' } })),
  ];
  const mounts = [
    ...named(service).map(({ source, target, readOnly }) => ({
      name: source,
      mountPath: target,
      readOnly,
    })),
    ...files.map(({ content, target }) => ({
      name: `file-${digestOf(content)}`,
      mountPath: target,
      readOnly: true,
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
    envFrom: [{ secretRef: { name: environmentName(name) } }],
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
