import type { Container } from './container';
import type { ComposeConfig } from './project';

/**
 * The services that run the image of `service`, itself among them, by name: they are tried out,
 * replaced and rolled back together. One that others wait for until it has ended (a migration, a
 * set-up) and one of which none is wanted are left out: neither of them serves.
 */
export function servicesOfImage(
  { services }: Pick<ComposeConfig, 'services'>,
  service: string,
): string[] {
  const image = services[service]?.image;
  if (image === undefined) return [service];
  const ending = endingServices({ services });
  return Object.entries(services)
    .filter(([name, { image: other, scale, deploy }]) => {
      if (other !== image || ending.has(name)) return false;
      return (scale ?? deploy?.replicas ?? 1) > 0;
    })
    .map(([name]) => name)
    .sort();
}

/** Services that others wait for until they have ended well: a migration, a set-up. */
export function endingServices({ services }: Pick<ComposeConfig, 'services'>): Set<string> {
  const conditions = Object.values(services).flatMap(({ depends_on: needs = {} }) =>
    Object.entries(needs),
  );
  return new Set(
    conditions
      .filter(([, { condition }]) => condition === 'service_completed_successfully')
      .map(([name]) => name),
  );
}

/** Those of `containers` that serve for one of `services` now. */
export function serving(
  containers: readonly Container[],
  services: readonly string[],
): Container[] {
  return containers.filter(
    ({ service, oneOff, state }) => services.includes(service) && !oneOff && state === 'running',
  );
}
