import type { ExecutorContext } from '@nx/devkit';
import { execIn } from '../../compose/exec';
import { openDatabase, type DatabaseOptions } from '../../database/open';
import { clientCommand } from '../../database/service';
import { report } from '../../report';
import { commandArguments } from '../arguments';

const OWN = ['service', 'database', 'project', 'configuration'];

interface Options extends DatabaseOptions {
  args?: string[];
}

/** psql in the database's container. */
export default function dbShell(options: Options, context: ExecutorContext) {
  return report(async () => {
    const { compose, server } = await openDatabase(options, context);
    await execIn(
      compose,
      server.service,
      clientCommand(['psql', ...commandArguments(options.args, OWN)]),
      'psql',
    );
  });
}
