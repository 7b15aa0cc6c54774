import { join } from 'node:path';
import type { ExecutorContext } from '@nx/devkit';
import { backUp, type DatabaseOptions, keepNewest, openDatabase } from '@excel2doc/services';
import { projectOf } from '../project';
import { report } from '../report';

interface Options extends DatabaseOptions {
  folder?: string;
  keep?: number;
}

/** A backup that was restored and compared before it is called one. */
export default function dbBackup(options: Options, context: ExecutorContext) {
  return report(async () => {
    const { server, config } = await openDatabase(options, projectOf(context));
    const folder = join(context.root, options.folder ?? join('backups', config.name));
    const { path, sizeBytes, sha256, tables } = await backUp(server, folder);
    const rows = Object.values(tables).reduce((sum, table) => sum + table.rows, 0);
    process.stdout.write(
      `${path}\n  ${Object.keys(tables).length} tables, ${rows} rows, ${sizeBytes} bytes; restored and compared\n  sha256 ${sha256}\n`,
    );
    if (options.keep) {
      for (const name of await keepNewest(path, options.keep))
        process.stdout.write(`  deleted ${name}\n`);
    }
  });
}
