import { isFree } from '@excel2doc/services';
import { StagesError } from '@excel2doc/stages';

/**
 * An engine whose ports are forwarded by the kernel does not see that a program listens already: both
 * would run, and one be deaf.
 *
 * @throws StagesError `PORT_TAKEN`
 */
export async function refuseTakenPorts(ports: readonly string[] = []): Promise<void> {
  for (const each of ports) {
    const [, host = '0.0.0.0', port] = /^(?:(.*):)?(\d+):\d+(?:\/tcp)?$/.exec(each) ?? [];
    if (port === undefined || (await isFree(host.replace(/^\[|\]$/g, ''), Number(port)))) continue;
    throw new StagesError('PORT_TAKEN', {
      message: `Port ${port} is taken by another program or container`,
      hint: `Stop it (\`lsof -i :${port}\` shows it), or publish another port: --ports=PORT:${each.split(':').at(-1)}`,
    });
  }
}
