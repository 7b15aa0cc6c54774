import { StagesError } from '@excel2doc/stages';
import type { ComposeConfig, ComposeService } from '../compose/project';

/**
 * The service that is the PostgreSQL server of a Compose file.
 *
 * @throws StagesError `NO_SUCH_SERVICE` when there is none, or several and none is named.
 */
export function databaseService(config: ComposeConfig, named?: string): string {
  if (named !== undefined) {
    if (config.services[named]) return named;
    throw new StagesError('NO_SUCH_SERVICE', {
      message: `The Compose file has no service ${named}`,
      hint: `It has ${Object.keys(config.services).join(', ')}`,
    });
  }
  const found = Object.keys(config.services).filter((name) =>
    isPostgres(config.services[name] as ComposeService),
  );
  if (found.length === 1) return found[0] as string;
  throw new StagesError('NO_SUCH_SERVICE', {
    message:
      found.length === 0
        ? 'The Compose file has no PostgreSQL service'
        : `The Compose file has several PostgreSQL services: ${found.join(', ')}`,
    hint: 'Name it: --database=SERVICE',
  });
}

/** Those of what `service` depends on that are PostgreSQL servers. */
export function databasesOf(
  { services }: Pick<ComposeConfig, 'services'>,
  service: string,
): string[] {
  return Object.keys(services[service]?.depends_on ?? {}).filter((name) =>
    isPostgres(services[name] ?? {}),
  );
}

/** By the official image's variables, which derived images keep, or by the image's name. */
export function isPostgres({
  image = '',
  environment,
}: Pick<ComposeService, 'image' | 'environment'>): boolean {
  if (/pgadmin|adminer|exporter/.test(image)) return false;
  return (
    Object.keys(environment ?? {}).some((name) =>
      /^POSTGRES_(PASSWORD|USER|DB)(_FILE)?$/.test(name),
    ) || /(^|\/)(postgres|postgis|pgvector|timescaledb)(?=[:@]|$)/.test(image)
  );
}

/**
 * Wraps a PostgreSQL client for a container of the official image: user, database and password are
 * taken where the server's own are, so that none of them is an argument.
 */
export function clientCommand(command: string[]): string[] {
  const script = [
    'export PGUSER="${POSTGRES_USER:-postgres}"',
    'export PGDATABASE="${PGDATABASE:-${POSTGRES_DB:-$PGUSER}}"',
    'if [ -n "${POSTGRES_PASSWORD_FILE:-}" ]; then POSTGRES_PASSWORD=$(cat "$POSTGRES_PASSWORD_FILE"); fi',
    'export PGPASSWORD="${POSTGRES_PASSWORD:-}"',
    'exec "$@"',
  ];
  return ['sh', '-c', script.join('; '), 'sh', ...command];
}

/** `name` as an SQL identifier. */
export const identifier = (name: string) => `"${name.replaceAll('"', '""')}"`;

/** `value` as an SQL string. */
export const literal = (value: string) => `'${value.replaceAll("'", "''")}'`;
