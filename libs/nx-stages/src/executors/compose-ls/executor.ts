import { relative } from 'node:path';
import type { ExecutorContext } from '@nx/devkit';
import { locateEngine } from '@excel2doc/engine';
import { listProjects } from '@excel2doc/services';
import { printTable } from '@excel2doc/stages';
import { projectOf } from '../project';
import { report } from '../report';

interface Options {
  json: boolean;
}

/** All Compose projects of the engine, whichever checkout started them. */
export default function composeLs({ json }: Options, context: ExecutorContext) {
  return report(async () => {
    const { engineChoice: choice } = projectOf(context);
    const projects = await listProjects(await locateEngine({ choice }));
    if (json) {
      process.stdout.write(`${JSON.stringify(projects, undefined, 2)}\n`);
      return;
    }
    const isHere = (folder: string | undefined) =>
      folder !== undefined && !relative(context.root, folder).startsWith('..');
    printTable(
      ['project', 'running', 'volumes', 'started in'],
      projects.map(({ name, running, containers, volumes, folder }) => [
        name,
        `${running} of ${containers}`,
        String(volumes.length),
        folder === undefined ? '-' : `${folder}${isHere(folder) ? ' (this checkout)' : ''}`,
      ]),
    );
  });
}
