import type { ExecutorContext } from '@nx/devkit';
import { clientCommand, type DatabaseOptions, execIn, openDatabase } from '@excel2doc/services';
import { projectOf } from '../project';
import { report } from '../report';
import { commandArguments } from '@excel2doc/stages';

const OWN = ['service', 'database', 'project', 'configuration'];

interface Options extends DatabaseOptions {
  args?: string[];
}

/** psql in the database's container. */
export default function dbShell(options: Options, context: ExecutorContext) {
  return report(async () => {
    const { compose, server } = await openDatabase(options, projectOf(context));
    const args = commandArguments(options.args, OWN);
    const command = clientCommand(['psql', ...args]);
    await execIn(compose, server.service, command, 'psql', { shell: args.length === 0 });
  });
}
