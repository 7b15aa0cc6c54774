import { isPostgres } from '../database/service';
import type { PreflightFacts, ServiceModel } from './model';

/** A role that a service connects as, and where that is written. */
interface Connection {
  variable: string;
  role: string;
  host: string;
}

/** Who connects as the superuser that a PostgreSQL image makes, or as the one that everybody tries. */
export function superuserConnections({ services }: Pick<PreflightFacts, 'services'>) {
  return Object.entries(services).flatMap(([service, { environment = {} }]) => {
    for (const { variable, role, host } of connections(environment)) {
      const server = services[host];
      if (server && isPostgres(server) && role === superuserOf(server))
        return [
          {
            service,
            found: `${variable} connects as ${role}, the superuser that ${host} is made with`,
          },
        ];
      if (role === 'postgres')
        return [{ service, found: `${variable} connects as postgres, the default superuser` }];
    }
    return [];
  });
}

const superuserOf = ({ environment = {} }: ServiceModel) =>
  environment['POSTGRES_USER'] || 'postgres';

function connections(environment: Record<string, string | null>): Connection[] {
  const inUrls = Object.entries(environment).flatMap(([variable, value]) => {
    const url = /^postgres(?:ql)?(?:\+\w+)?:\/\/([^:@/]+)(?::[^@]*)?@([^:/?]+)/.exec(value ?? '');
    return url ? [{ variable, role: decoded(url[1] ?? ''), host: url[2] ?? '' }] : [];
  });
  const { PGUSER: role, PGHOST: host = '' } = environment;
  return role ? [...inUrls, { variable: 'PGUSER', role, host: host ?? '' }] : inUrls;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
