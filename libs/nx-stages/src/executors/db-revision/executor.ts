import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutorContext } from '@nx/devkit';
import { type DatabaseOptions, headline, openDatabase } from '@excel2doc/services';
import { StagesError } from '@excel2doc/stages';
import { projectOf } from '../project';
import { report } from '../report';

interface Options extends DatabaseOptions {
  message: string;
  empty: boolean;
  folder: string;
  imageFolder?: string;
}

/** Writes a new migration from what the models have and the migrations do not. */
export default function dbRevision(options: Options, context: ExecutorContext) {
  return report(async () => {
    const { engine, config, migrations } = await openDatabase(options, projectOf(context));
    const [current, heads] = [await migrations.current(), await migrations.heads()];
    if (current.join() !== heads.join()) {
      throw new StagesError('SCHEMA_DRIFTED', {
        message: `The database is at ${current.join(', ') || 'no revision'}, the migrations are at ${heads.join(', ')}`,
        hint: 'Run db-migrate first',
      });
    }
    const { missing, extra } = await migrations.drift();
    if (missing.length + extra.length > 0) {
      throw new StagesError('SCHEMA_DRIFTED', {
        message: `The database is not what its migrations make: ${[...missing.map((each) => `missing ${headline(each)}`), ...extra.map((each) => `extra ${headline(each)}`)].join('; ')}`,
        hint: 'Undo the change that was made by hand, or write it as a migration, then run this again',
      });
    }
    const lacking = options.empty ? [] : await migrations.modelChanges();
    if (lacking.length === 0 && !options.empty) {
      throw new StagesError('COMMAND_FAILED', {
        message: 'The models have nothing that the migrations lack; no revision was written',
        hint: 'Change the models first, or ask for an empty one: --empty',
      });
    }
    const image = await engine.command([
      ...['image', 'inspect', '--format', '{{.Config.WorkingDir}}'],
      config.services[options.service]?.image ?? '',
    ]);
    const target = options.imageFolder ?? join(image.stdout.trim() || '/', options.folder);
    const folder = join(context.root, projectOf(context).folder, options.folder);
    const { message, empty } = options;
    const before = new Set(await readdir(folder, { recursive: true }));
    await migrations.revise(message, folder, target, !empty);
    for (const change of lacking) process.stdout.write(`+ ${change}\n`);
    const written = (await readdir(folder, { recursive: true })).filter(
      (name) => !before.has(name) && name.endsWith('.py'),
    );
    for (const name of written)
      process.stdout.write(
        `a new revision is in ${join(projectOf(context).folder, options.folder, name)}; read it before you commit it\n`,
      );
  });
}
