import { dumpSchema, headline, schemaDrift } from './schema';
import type { Server } from './server';

/** Where a database is, as far as migrations go; the rows of its tables are no part of it. */
export interface SchemaState {
  /** What `pg_dump --schema-only` says. */
  schema: string;
  /** Of Alembic, or the last of each app of Django; empty where neither keeps a table. */
  revisions: string[];
  /** Indexes that are there and not used: what `CREATE INDEX CONCURRENTLY` leaves when it fails. */
  invalidIndexes: string[];
}

/** The state of `database`, or of the server's own. */
export async function schemaState(server: Server, database?: string): Promise<SchemaState> {
  const name = database ?? (await server.databaseName());
  const [schema, revisions, invalidIndexes] = await Promise.all([
    dumpSchema(server, name),
    readRevisions(server, name),
    server.query(
      `SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid ORDER BY 1::text`,
      name,
    ),
  ]);
  return { schema, revisions, invalidIndexes };
}

/** The revisions that a database is at, read from the migrations' own table. */
export function readRevisions(server: Server, database?: string): Promise<string[]> {
  return server.with(async (session) => {
    const tables = await session.run(
      `SELECT name FROM unnest(ARRAY['alembic_version', 'django_migrations']) name
       WHERE to_regclass(name) IS NOT NULL`,
    );
    const rows: string[] = [];
    for (const table of tables) {
      const select =
        table === 'alembic_version'
          ? 'SELECT version_num FROM alembic_version ORDER BY 1'
          : `SELECT app || '.' || max(name) FROM django_migrations GROUP BY app ORDER BY 1`;
      rows.push(...(await session.run(select)));
    }
    return rows;
  }, database);
}

export interface LeftBehind {
  /** Nothing but these differs: migrations that were applied whole, before the one that failed. */
  applied: { from: string[]; to: string[] } | undefined;
  /** Statements that now make the schema and did not before. */
  made: string[];
  /** Those that did before. */
  gone: string[];
  invalidIndexes: string[];
}

/** What a failed migration left; undefined when schema and revision are as they were. */
export function leftBehind(before: SchemaState, after: SchemaState): LeftBehind | undefined {
  const { missing: gone, extra: made } = schemaDrift(before.schema, after.schema);
  const moved = before.revisions.join() !== after.revisions.join();
  const invalidIndexes = after.invalidIndexes.filter(
    (name) => !before.invalidIndexes.includes(name),
  );
  if (!moved && made.length + gone.length + invalidIndexes.length === 0) return undefined;
  const applied = moved ? { from: before.revisions, to: after.revisions } : undefined;
  return { applied, made, gone, invalidIndexes };
}

const at = (revisions: readonly string[]) => revisions.join(', ') || 'no revision';

/** One line for each thing that was left. */
export function describeLeftBehind(left: LeftBehind): string[] {
  return [
    ...(left.applied
      ? [`the database is at ${at(left.applied.to)}, before it was at ${at(left.applied.from)}`]
      : []),
    ...left.invalidIndexes.map((name) => `index ${name} is there and not valid`),
    ...left.made.map((statement) => `made: ${headline(statement)}`),
    ...left.gone.map((statement) => `gone: ${headline(statement)}`),
  ];
}

/** What to do with what was left. */
export function wayOut({ applied, made, gone, invalidIndexes }: LeftBehind): string {
  const drop = invalidIndexes.map((name) => `DROP INDEX CONCURRENTLY ${name}`).join('; ');
  if (applied && drop === '')
    return 'Those that were applied are not run again: mend the one that failed (make it take what stands above of its own), and run it again';
  if (drop !== '')
    return `Take away what stands above (db-shell: ${drop}), mend the migration and run it again`;
  return made.length + gone.length > 0
    ? 'Take back by hand what stands above (db-shell), or restore a backup (db-restore); then mend the migration and run it again'
    : 'Mend the migration and run it again';
}
