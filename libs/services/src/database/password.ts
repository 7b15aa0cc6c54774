import { StagesError } from '@excel2doc/stages';
import type { ComposeConfig, OpenedCompose } from '../compose/project';
import { clientCommand, identifier } from './service';

/**
 * A PostgreSQL server keeps the password that its volume was made with, whatever the container is
 * given: with a volume of another checkout, or fresh passwords, all that use it fail. Asks by the
 * container's own address, where the password counts.
 *
 * @param service the database, which runs
 * @throws StagesError `PASSWORD_REFUSED` naming the volume and the ways out
 */
export async function checkPassword(
  { compose, config }: Pick<OpenedCompose, 'compose' | 'config'>,
  service: string,
): Promise<void> {
  const psql = 'exec psql -X -w -h "$(hostname -i | cut -d" " -f1)" -c "SELECT 1"';
  const { stderr } = await compose.exec(service, clientCommand(['sh', '-c', psql]), {
    isQuestion: true,
  });
  if (!/password authentication failed/.test(stderr)) return;
  const { POSTGRES_USER: user = 'postgres' } = config.services[service]?.environment ?? {};
  throw new StagesError('PASSWORD_REFUSED', {
    message: `${service} does not take our password: ${volumeOf(config, service)} was made with another one; nothing that uses it was started`,
    hint: [
      'Three ways out: take back the file with the values that it was made with',
      `or give the database our password, with its data: db-shell -- -c "ALTER ROLE ${identifier(user ?? '').replaceAll('"', '\\"')} PASSWORD '…'"`,
      'or begin without its data: another COMPOSE_PROJECT_NAME, or compose-down --volumes, which asks',
    ].join('; '),
  });
}

/** `the volume shop_data`, as the engine knows it. */
function volumeOf({ services, volumes = {} }: ComposeConfig, service: string): string {
  const mounted = services[service]?.volumes ?? [];
  const named = mounted.find(({ type, target }) => type === 'volume' && /postgres/.test(target));
  if (named?.source) return `the volume ${volumes[named.source]?.name ?? named.source}`;
  const folder = mounted.find(({ target }) => /postgres/.test(target));
  return folder?.source ? `the folder ${folder.source}` : 'its data';
}
