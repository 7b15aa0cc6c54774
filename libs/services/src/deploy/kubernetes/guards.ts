import type { INetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1';
import type { IPodDisruptionBudget } from 'kubernetes-models/policy/v1';
import { type DeploySubject, ownServices } from '../model';
import { migrationName } from './migration';
import { publishedPorts } from './ports';

/**
 * Who may talk to a service: those that share a network of the Compose model with it, and everybody
 * where it publishes a port. A service whose networks are all internal reaches nothing else either,
 * but names.
 */
export function networkPolicy(
  { config, service: main }: DeploySubject,
  name: string,
  labels: (service: string) => Record<string, string>,
): INetworkPolicy {
  const { services, networks = {} } = config;
  const of = (service: string) => Object.keys(services[service]?.networks ?? { default: null });
  const own = of(name);
  const near = Object.keys(services).filter((each) => of(each).some((one) => own.includes(one)));
  // The job that migrates stands where the service does that it migrates for.
  const callers = near.flatMap((each) => (each === main ? [each, migrationName(each)] : [each]));
  const pods = callers.map((each) => ({ podSelector: { matchLabels: labels(each) } }));
  const published = publishedPorts(services[name] ?? {}).map(({ target, protocol }) => ({
    port: target,
    protocol,
  }));
  const isInside = own.length > 0 && own.every((each) => networks[each]?.internal);
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name, labels: labels(name) },
    spec: {
      podSelector: { matchLabels: labels(name) },
      policyTypes: isInside ? ['Ingress', 'Egress'] : ['Ingress'],
      ingress: [{ from: pods }, ...(published.length > 0 ? [{ ports: published }] : [])],
      ...(isInside && {
        egress: [
          { to: pods },
          {
            ports: [
              { port: 53, protocol: 'UDP' as const },
              { port: 53, protocol: 'TCP' as const },
            ],
          },
        ],
      }),
    },
  };
}

/** Of a service that has more than one pod: a node that is emptied takes one at a time. */
export function disruptionBudget(
  subject: DeploySubject,
  name: string,
  labels: Record<string, string>,
): IPodDisruptionBudget[] {
  const replicas = subject.config.services[name]?.deploy?.replicas ?? 1;
  if (replicas < 2 || !ownServices(subject).includes(name)) return [];
  return [budgetOf(name, labels)];
}

/** One pod at a time. */
export const budgetOf = (name: string, labels: Record<string, string>): IPodDisruptionBudget => ({
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  metadata: { name, labels },
  spec: { maxUnavailable: 1, selector: { matchLabels: labels } },
});
