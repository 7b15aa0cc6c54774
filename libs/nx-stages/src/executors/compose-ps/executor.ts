import { join } from 'node:path';
import type { ExecutorContext } from '@nx/devkit';
import {
  changedSince,
  type ComposeOptions,
  type Container,
  openCompose,
  projectContainers,
  short,
} from '@excel2doc/services';
import { printTable, readPlan } from '@excel2doc/stages';
import { projectOf } from '../project';
import { report } from '../report';

interface Options extends ComposeOptions {
  service: string;
  stage?: string;
  context?: string;
  json: boolean;
}

/** A container, and the source file that was changed after it was made. */
interface Row extends Container {
  changedFile?: string;
}

export default function composePs(options: Options, context: ExecutorContext) {
  return report(async () => {
    const { engine, config } = await openCompose(options, projectOf(context));
    const containers = await projectContainers(engine, config.name);
    const rows = await Promise.all(containers.map((each) => withChange(each, options, context)));
    if (options.json) {
      process.stdout.write(`${JSON.stringify(rows, undefined, 2)}\n`);
      return;
    }
    printTable(
      ['service', 'state', 'health', 'restarts', 'ports', 'image', 'digest', 'source'],
      rows.map(cells),
    );
  });
}

async function withChange(
  container: Container,
  options: Options,
  context: ExecutorContext,
): Promise<Row> {
  const { stage, context: buildContext, service } = options;
  if (!stage || !buildContext || container.service !== service) return container;
  // Without a plan nothing was built here yet, so nothing is known to be newer.
  const plan = await readPlan({ root: context.root, home: projectOf(context).folder }, stage).catch(
    () => undefined,
  );
  const folder = join(context.root, buildContext);
  const changedFile = plan && (await changedSince(folder, plan, container.createdAtMs));
  return changedFile ? { ...container, changedFile } : container;
}

function cells(row: Row): string[] {
  const { service, oneOff, state, exitCode, health, restarts, ports, image, imageId } = row;
  const shown = ports.map(({ address, published, target }) => `${address}:${published}->${target}`);
  return [
    oneOff ? `${service} (one-off)` : service,
    state === 'exited' ? `exited (${exitCode})` : state,
    health ?? '-',
    String(restarts),
    shown.join(' ') || '-',
    image,
    short(imageId),
    row.changedFile ? `changed since: ${row.changedFile}` : '-',
  ];
}
