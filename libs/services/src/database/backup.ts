import { createReadStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { StagesError } from '@excel2doc/stages';
import {
  type BackupManifest,
  backupName,
  readBackup,
  writeManifest,
  writeWhole,
} from './backup-file';
import { describeDifference, differences, type Fingerprint, fingerprint } from './fingerprint';
import type { Server } from './server';
import { identifier, literal } from './service';

export interface Backup extends BackupManifest {
  path: string;
}

const scratchName = (what: string) => `nx_stages_${what}_${process.pid}_${Date.now().toString(36)}`;

/**
 * Dumps the database (pg_dump's custom format), restores the dump into a scratch database and
 * compares every table with the snapshot that was dumped. Only then the file gets its name.
 *
 * @throws StagesError `BACKUP_INVALID`, `DATABASE_FAILED`; no file is left.
 */
export async function backUp(server: Server, folder: string, now = new Date()): Promise<Backup> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return server.with(async (session) => {
    // One snapshot for the dump and for the comparison, while others go on writing.
    await session.run('BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY');
    const [snapshot = ''] = await session.run('SELECT pg_export_snapshot()');
    const [database = ''] = await session.run('SELECT current_database()');
    const [serverVersion = ''] = await session.run('SHOW server_version');
    const tables = await fingerprint(session);
    const path = join(folder, backupName(database, now));
    const dump = ['pg_dump', '--format=custom', '--no-password', `--snapshot=${snapshot}`];
    const written = await writeWhole(
      path,
      (sink) => server.client(dump, { sink }),
      async (unfinished) => {
        const scratch = scratchName('verify');
        const owner = await server.databaseOwner();
        await server.withScratch(scratch, owner, () =>
          restoreInto(server, scratch, unfinished, tables),
        );
      },
    );
    const manifest: BackupManifest = {
      format: 1,
      database,
      takenAt: now.toISOString(),
      serverVersion,
      ...written,
      tables,
    };
    await writeManifest(path, manifest);
    return { ...manifest, path };
  });
}

export interface Restored {
  database: string;
  tables: number;
  rows: number;
  /** The name under which the data from before is kept. */
  kept: string;
}

/**
 * Puts a backup in the place of the server's database. It is restored beside it and compared first;
 * the swap is two renames, and what was there before is kept under another name.
 *
 * @throws StagesError `BACKUP_INVALID`, `DATABASE_FAILED`; the database is then as it was.
 */
export async function restore(server: Server, path: string): Promise<Restored> {
  const manifest = await readBackup(path);
  const database = await server.databaseName();
  const incoming = scratchName('restore');
  const kept = `${database}_before_${new Date().toISOString().replace(/[-:.]/g, '').slice(0, 15)}`;
  await server.withScratch(incoming, await server.databaseOwner(), async () => {
    await restoreInto(server, incoming, path, manifest.tables);
    await swap(server, { database, incoming, kept });
  });
  const tables = Object.values(manifest.tables);
  return {
    database,
    tables: tables.length,
    rows: tables.reduce((sum, { rows }) => sum + rows, 0),
    kept,
  };
}

/** Restores a dump into an empty database and compares what is then in it. */
async function restoreInto(server: Server, database: string, path: string, expected: Fingerprint) {
  const command = ['pg_restore', '--exit-on-error', '--no-password', `--dbname=${database}`];
  await server.client(command, { input: createReadStream(path) });
  const found = await server.with(fingerprint, database);
  const wrong = differences(expected, found);
  if (wrong.length === 0) return;
  throw new StagesError('BACKUP_INVALID', {
    message: `The backup does not hold what was backed up: ${wrong.map(describeDifference).join('; ')}`,
    hint: 'Nothing was changed; take another backup',
  });
}

async function swap(
  server: Server,
  names: { database: string; incoming: string; kept: string },
): Promise<void> {
  const [database, incoming, kept] = [names.database, names.incoming, names.kept].map(identifier);
  await server.with(async (session) => {
    // Nobody may connect between the end of the last session and the rename.
    await session.run(`ALTER DATABASE ${database} WITH ALLOW_CONNECTIONS false`);
    try {
      await session.run(
        `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = ${literal(names.database)}`,
      );
      await session.run(
        `BEGIN; ALTER DATABASE ${database} RENAME TO ${kept}; ALTER DATABASE ${incoming} RENAME TO ${database}; COMMIT`,
      );
    } catch (error) {
      await server.query(`ALTER DATABASE ${database} WITH ALLOW_CONNECTIONS true`, 'postgres');
      throw error;
    }
    await session.run(`ALTER DATABASE ${kept} WITH ALLOW_CONNECTIONS true`);
  }, 'postgres');
}
