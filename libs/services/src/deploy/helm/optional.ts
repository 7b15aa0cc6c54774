import type { IDeployment } from 'kubernetes-models/apps/v1';
import type { IService } from 'kubernetes-models/v1';
import { stringify } from 'yaml';
import { budgetOf } from '../kubernetes/guards';
import type { Manifest } from '../kubernetes/manifests';
import { OpenText, valueAt } from './open-text';

/** Objects that a chart has beyond the plain manifests, each off until a value asks for it. */
export function optionalTemplates(
  manifests: readonly Manifest[],
  service: string,
  own: readonly string[],
  scaled: readonly string[],
): [file: string, text: string][] {
  const deployments = manifests.filter(({ kind }) => kind === 'Deployment') as IDeployment[];
  const labelsOf = (name: string) =>
    deployments.find(({ metadata }) => metadata?.name === name)?.metadata?.labels ?? {};
  const main = manifests.find(
    ({ kind, metadata }) => kind === 'Service' && metadata?.name === service,
  ) as IService | undefined;
  const port = main?.spec?.ports?.[0]?.port;
  return [
    ...own.map((name): [string, string] => [
      `${name}-poddisruptionbudget.yaml`,
      `{{- if ${mayHaveSeveral(name, scaled)} }}\n${stringify(budgetOf(name, labelsOf(name)))}{{- end }}\n`,
    ]),
    ...scaled.map((name): [string, string] => [
      `${name}-scaledobject.yaml`,
      scaledObject(name, labelsOf(name)),
    ]),
    ...(port === undefined
      ? []
      : [
          [`${service}-ingress.yaml`, ingress(service, Number(port), labelsOf(service))] as [
            string,
            string,
          ],
        ]),
  ];
}

export const isScaled = (name: string) => `${valueAt('autoscaling', name)}.enabled`;

function mayHaveSeveral(name: string, scaled: readonly string[]): string {
  const several = `(gt (int ${valueAt('services', name)}.replicas) 1)`;
  return scaled.includes(name) ? `or ${isScaled(name)} ${several}` : several;
}

/** KEDA's: as long as the oldest job waits too long, there are more pods. */
function scaledObject(name: string, labels: Record<string, string>): string {
  const values = valueAt('autoscaling', name);
  const open = new OpenText([name, labels]);
  const text = open.write({
    apiVersion: 'keda.sh/v1alpha1',
    kind: 'ScaledObject',
    metadata: { name, labels },
    spec: {
      scaleTargetRef: { name },
      minReplicaCount: open.value(`int ${values}.minReplicas`),
      maxReplicaCount: open.value(`int ${values}.maxReplicas`),
      triggers: [
        {
          type: 'prometheus',
          // Not a share of each pod: all of them wait for the same queue.
          metricType: 'Value',
          metadata: {
            serverAddress: open.value(
              `required ${JSON.stringify(`autoscaling.${name}.prometheus is not given: the address of a Prometheus that has the metric`)} ${values}.prometheus | quote`,
            ),
            query: open.value(`${values}.query | quote`),
            threshold: open.value(`${values}.seconds | quote`),
          },
        },
      ],
    },
  });
  return `{{- if ${isScaled(name)} }}\n${text}{{- end }}\n`;
}

/** The cluster's own TLS front, in place of the one that the Compose model has. */
function ingress(service: string, port: number, labels: Record<string, string>): string {
  const open = new OpenText([service, labels]);
  const text = open.write({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: {
      name: service,
      labels,
      [open.lines(
        '{{- with .Values.ingress.annotations }}\nannotations: {{ toJson . }}\n{{- end }}',
      )]: true,
    },
    spec: {
      [open.lines(
        '{{- with .Values.ingress.className }}\ningressClassName: {{ . | quote }}\n{{- end }}',
      )]: true,
      [open.lines(
        '{{- with .Values.ingress.tlsSecret }}\ntls: [{ hosts: [{{ $.Values.ingress.host | quote }}], secretName: {{ . | quote }} }]\n{{- end }}',
      )]: true,
      rules: [
        {
          host: open.value('.Values.ingress.host | quote'),
          http: {
            paths: [
              {
                path: '/',
                pathType: 'Prefix',
                backend: { service: { name: service, port: { number: port } } },
              },
            ],
          },
        },
      ],
    },
  });
  return `{{- if .Values.ingress.host }}\n${text}{{- end }}\n`;
}
