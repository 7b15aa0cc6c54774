import type { ExecutorContext } from '@nx/devkit';
import {
  type ComposeOptions,
  openCompose,
  projectContainers,
  waitUntilHealthy,
} from '@excel2doc/services';
import { StagesError } from '@excel2doc/stages';
import { projectOf } from '../project';
import { report } from '../report';

interface Options extends ComposeOptions {
  service?: string;
  waitSeconds: number;
}

/** Restarts containers as they are, and comes back when all of them are healthy again. */
export default function composeRestart(options: Options, context: ExecutorContext) {
  return report(async () => {
    const { engine, compose, config } = await openCompose(options, projectOf(context));
    const { service, waitSeconds } = options;
    if (service && !config.services[service]) {
      throw new StagesError('NO_SUCH_SERVICE', {
        message: `The Compose file has no service ${service}`,
        hint: `It has ${Object.keys(config.services).join(', ')}`,
      });
    }
    await compose.restart(service ? [service] : []);
    for (const container of await projectContainers(engine, config.name)) {
      if (container.oneOff || (service && container.service !== service)) continue;
      const verdict = await waitUntilHealthy(engine, container.name, waitSeconds * 1000);
      if (!verdict.healthy) {
        throw new StagesError('NOT_HEALTHY', {
          message: `${container.service} did not get healthy again: ${verdict.reason}`,
          hint: `Look at its log: compose-logs --service=${container.service}`,
        });
      }
      process.stdout.write(`${container.service} is healthy again\n`);
    }
  });
}
