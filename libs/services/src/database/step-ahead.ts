import { StagesError } from '@excel2doc/stages';
import { type Contraction, contractions, describeContraction } from './compatible';
import type { Migrated } from './migrate';
import type { Migrations } from './migrations';
import { readRevisions } from './schema-state';
import type { Server } from './server';

/** What is done about a migration that what runs now may not survive. */
export type BreakingPolicy = 'name' | 'refuse';

/**
 * Looks at the pending SQL before anything is changed: the image that runs is served by the new
 * schema until it is replaced, and again when the new one is rolled back. What is not backward
 * compatible is named.
 *
 * @throws StagesError `MIGRATION_REFUSED` with `refuse`, when something is
 */
export async function checkAhead(
  server: Server,
  migrations: Pick<Migrations, 'pending'>,
  policy: BreakingPolicy,
): Promise<void> {
  const found = await pendingContractions(server, migrations);
  if (found.length === 0) return;
  const list = found.map(describeContraction);
  const hint =
    'Expand first: add what is new beside the old, and take the old away in a later migration, when nothing uses it';
  if (policy === 'refuse') {
    throw new StagesError('MIGRATION_REFUSED', {
      message: `What runs now may not survive the migration: ${list.join('; ')}; nothing was changed`,
      hint: `${hint}; or accept it: --breaking=name`,
    });
  }
  for (const line of list)
    process.stdout.write(`! what runs now may not survive the migration: ${line}\n`);
  process.stdout.write(`! ${hint}\n`);
}

async function pendingContractions(
  server: Server,
  migrations: Pick<Migrations, 'pending'>,
): Promise<Contraction[]> {
  const current = await readRevisions(server);
  // A database that has no revision yet serves nobody.
  if (current.length === 0) return [];
  try {
    return contractions(await migrations.pending(current));
  } catch (error) {
    const { message } = error as Error;
    process.stdout.write(
      `! whether what runs now survives the migration could not be checked: ${message}\n`,
    );
    return [];
  }
}

/**
 * What to say when the image was refused after its migrations were applied: where the schema is now,
 * and whether the way back works, which is tried in a scratch database. Undefined when no revision
 * changed.
 */
export async function afterRefusal(
  migrations: Pick<Migrations, 'tryWayBack'>,
  { from, to }: Migrated,
): Promise<{ message: string; hint: string } | undefined> {
  if (from.join() === to.join()) return undefined;
  const back = `db-migrate --to=${from.length > 0 ? from.join(',') : 'base'}`;
  const message = `the schema stays migrated: it is at ${to.join(', ')}, and was at ${from.join(', ') || 'no revision'}`;
  try {
    await migrations.tryWayBack({ from, to });
    return {
      message,
      hint: `${back} takes the schema back, and the data of what was added with it; its downgrade was tried in an empty database`,
    };
  } catch (error) {
    return {
      message: `${message}; the way back failed in an empty database: ${(error as Error).message}`,
      hint: 'Mend the image and go on forwards, or restore a backup (db-restore)',
    };
  }
}
