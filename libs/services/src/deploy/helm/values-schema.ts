import type { ChartValues } from './values';

/**
 * A JSON schema of the chart's values: Helm refuses a misspelt one by it, with its path, instead of
 * installing something else than was asked for.
 */
export function valuesSchema(values: ChartValues): object {
  const each = (names: object, properties: (name: string) => object) =>
    object(Object.fromEntries(Object.keys(names).map((name) => [name, properties(name)])));
  const { services, volumes, existingSecrets, autoscaling } = values;
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    ...object({
      global: { type: 'object' },
      image: object({ repository: TEXT, tag: { ...TEXT, minLength: 1 } }),
      imagePullSecrets: { type: 'array', items: object({ name: TEXT }) },
      environment: each(existingSecrets, () => ({
        type: 'object',
        additionalProperties: { type: ['string', 'number', 'boolean'] },
      })),
      existingSecrets: each(existingSecrets, () => TEXT),
      services: each(services, (name) =>
        object({
          ...(services[name]?.image !== undefined && { image: TEXT }),
          replicas: COUNT,
          resources: { type: 'object' },
          ...(services[name]?.serviceType !== undefined && {
            serviceType: { enum: ['ClusterIP', 'NodePort', 'LoadBalancer'] },
          }),
        }),
      ),
      volumes: each(volumes, () => object({ size: TEXT, storageClass: TEXT })),
      ingress: object({
        host: TEXT,
        className: TEXT,
        tlsSecret: TEXT,
        annotations: { type: 'object', additionalProperties: TEXT },
      }),
      autoscaling: each(autoscaling, () =>
        object({
          enabled: { type: 'boolean' },
          prometheus: TEXT,
          query: TEXT,
          seconds: { type: 'number', exclusiveMinimum: 0 },
          minReplicas: { ...COUNT, minimum: 1 },
          maxReplicas: { ...COUNT, minimum: 1 },
        }),
      ),
    }),
  };
}

const TEXT = { type: 'string' };
const COUNT = { type: 'integer', minimum: 0 };

const object = (properties: object) => ({
  type: 'object',
  properties,
  additionalProperties: false,
});
