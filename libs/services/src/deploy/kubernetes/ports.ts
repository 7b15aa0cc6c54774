import type { IService } from 'kubernetes-models/v1';
import { type DeployService, type DeploySubject, ownServices } from '../model';

export interface Port {
  target: number;
  protocol: 'TCP' | 'UDP' | 'SCTP';
}

/** What a service publishes, by its Compose model. */
export const publishedPorts = ({ ports = [] }: DeployService): Port[] =>
  ports.map(({ target, protocol = 'tcp' }) => ({
    target,
    protocol: protocol.toUpperCase() as Port['protocol'],
  }));

/**
 * What a service publishes, and what its image says that it opens. Of the project's own image that
 * holds for the service that it is made for; another one that runs it by a command of its own, such as
 * a worker, opens nothing that is not written.
 */
export function portsOf(subject: DeploySubject, name: string): Port[] {
  const { config, images } = subject;
  const service = config.services[name] ?? {};
  const { command, entrypoint } = service;
  const published = publishedPorts(service);
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
export function networkService(
  name: string,
  labels: Record<string, string>,
  { ports: published = [] }: DeployService,
  ports: Port[],
): IService {
  const outside = published.length > 0;
  const portOf = (target: number) =>
    Number(published.find((each) => each.target === target)?.published ?? target);
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, labels },
    spec: {
      type: outside ? 'LoadBalancer' : 'ClusterIP',
      selector: labels,
      ports: ports.map((port) => ({
        name: portName(port),
        port: portOf(port.target),
        targetPort: port.target,
        protocol: port.protocol,
      })),
    },
  };
}
