import { createServer } from 'node:net';
import type { ComposeContainer } from '@excel2doc/engine';
import { StagesError } from '@excel2doc/stages';
import type { ComposeConfig, ComposeService } from './project';

/**
 * Refuses to go on when a port that a service publishes is held by another program: Compose would
 * find out only after it stopped the old containers.
 *
 * @param running containers of this project, which hold their own ports already.
 * @throws StagesError `PORT_TAKEN` naming the port and the service.
 */
export async function checkPorts(
  config: ComposeConfig,
  running: ComposeContainer[],
): Promise<void> {
  const own = new Set(running.flatMap(({ ports }) => ports.map(({ published }) => published)));
  for (const [name, service] of Object.entries(config.services)) {
    for (const { host, port } of published(service)) {
      if (own.has(port) || (await isFree(host, port))) continue;
      throw new StagesError('PORT_TAKEN', {
        message: `Port ${port}, which ${name} needs, is taken by another program`,
        hint: `Stop that program (\`lsof -i :${port}\` shows it), or publish another port`,
      });
    }
  }
}

function published(service: ComposeService): { host: string; port: number }[] {
  return (service.ports ?? []).flatMap(({ host_ip: host = '0.0.0.0', published: port }) =>
    port ? [{ host, port: Number(port) }] : [],
  );
}

/** Whether a program could listen there now. */
export function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'EADDRINUSE'));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
