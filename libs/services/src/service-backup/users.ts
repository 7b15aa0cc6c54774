import type { ComposeConfig } from '../compose/project';

/**
 * The services that use what `restorer` restores: those that depend on a service that it depends on
 * (the database), and those that mount a volume that it writes to. The restorer's own kind, which
 * share its image, are left out.
 */
export function usersOfData(
  { services }: Pick<ComposeConfig, 'services'>,
  restorer: string,
): string[] {
  const { image, depends_on: needs = {}, volumes = [] } = services[restorer] ?? {};
  const written = new Set(volumes.flatMap(({ source }) => source ?? []));
  return Object.entries(services)
    .filter(([name, service]) => {
      if (name === restorer || name in needs || service.image === image) return false;
      const mounts = (service.volumes ?? []).some(({ source }) => source && written.has(source));
      return mounts || Object.keys(service.depends_on ?? {}).some((each) => each in needs);
    })
    .map(([name]) => name)
    .sort();
}
