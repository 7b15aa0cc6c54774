import { StagesError } from '@excel2doc/stages';
import type { OpenedCompose } from '../compose/project';

/**
 * The label of a database service that names a script in its container: it makes what the server has
 * to have beside its data, such as roles. A server runs its own start scripts for an empty volume
 * alone, and passwords change, so whatever brings the service up or restores it runs this one again.
 */
export const SET_UP_LABEL = 'nx-stages.set-up';

/** The script of a service, where it has one. */
export const setUpScript = (
  { services }: { services: Record<string, { labels?: Record<string, string> }> },
  service: string,
): string | undefined => services[service]?.labels?.[SET_UP_LABEL];

/**
 * Runs the script of a database that is up, where it has one.
 *
 * @throws StagesError `DATABASE_FAILED` with the last that it said
 */
export async function setUp(
  { compose, config }: Pick<OpenedCompose, 'compose' | 'config'>,
  service: string,
): Promise<void> {
  const script = setUpScript(config, service);
  if (script === undefined) return;
  const { exitCode, stderr } = await compose.exec(service, ['sh', script]);
  if (exitCode === 0) return;
  throw new StagesError('DATABASE_FAILED', {
    message: `${script} in ${service} failed: ${stderr.trim().split('\n').at(-1) || `exit status ${exitCode}`}`,
    hint: 'Mend what it names and run this again; nothing that uses the database was started',
  });
}
