import type { ExecutorContext } from '@nx/devkit';
import {
  type ComposeOptions,
  type Container,
  endpointHealth,
  type HealthRow,
  openCompose,
  projectContainers,
  serviceHealth,
} from '@excel2doc/services';
import { printTable, StagesError } from '@excel2doc/stages';
import { projectOf } from '../project';
import { report } from '../report';

interface Options extends ComposeOptions {
  service: string;
  path: string;
  timeoutSeconds: number;
  json: boolean;
}

/** Each service and each dependency that the service names, as a table and as an exit status. */
export default function health(options: Options, context: ExecutorContext) {
  return report(async () => {
    const { engine, config } = await openCompose(options, projectOf(context));
    const containers = await projectContainers(engine, config.name);
    const rows = Object.keys(config.services).map((name) => serviceHealth(name, containers));
    rows.push(...(await askEndpoint(options, containers)));
    if (options.json) process.stdout.write(`${JSON.stringify(rows, undefined, 2)}\n`);
    else
      printTable(
        ['what', '', 'found'],
        rows.map(({ what, ok, found }) => [what, ok ? 'ok' : '✗', found]),
      );
    const failed = rows.filter(({ ok }) => !ok).map(({ what }) => what);
    if (failed.length === 0) return;
    throw new StagesError('CHECK_FAILED', {
      message: `Not healthy: ${failed.join(', ')}`,
      hint: 'Look at compose-logs, and run doctor',
    });
  });
}

async function askEndpoint(options: Options, containers: Container[]): Promise<HealthRow[]> {
  const { service, path, timeoutSeconds } = options;
  const container = containers.find(
    (each) => each.service === service && !each.oneOff && each.state === 'running',
  );
  const port = container?.ports[0];
  if (!port) return [];
  const host = port.address === '0.0.0.0' || port.address === '::' ? '127.0.0.1' : port.address;
  try {
    const signal = AbortSignal.timeout(timeoutSeconds * 1000);
    const response = await fetch(`http://${host}:${port.published}${path}`, { signal });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') === true;
    return endpointHealth(service, response.status, isJson ? JSON.parse(text) : undefined);
  } catch (error) {
    const { cause, message } = error as Error & { cause?: Error };
    return [{ what: `${service} ${path}`, ok: false, found: cause?.message || message }];
  }
}
