import type { Session } from './session';

/** What a table holds: how many rows, and a sum over all of them that no order changes. */
export interface TableFingerprint {
  rows: number;
  hash: string;
}

/** By table, `schema.name`, quoted where SQL wants it. */
export type Fingerprint = Record<string, TableFingerprint>;

export interface Difference {
  table: string;
  expected: TableFingerprint | undefined;
  found: TableFingerprint | undefined;
}

// Rows are hashed by the server one at a time and summed, so that memory stays flat.
const TABLES = `
SELECT format('SELECT %L, count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) FROM %I.%I t',
              format('%I.%I', schemaname, tablename), schemaname, tablename)
FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')
ORDER BY schemaname, tablename \\gexec`;

/** Of all tables, as the session sees them: with a snapshot in it, of that moment. */
export async function fingerprint(session: Session): Promise<Fingerprint> {
  // The text of a time or a number depends on settings: the same ones for both sides.
  await session.run(
    `SET extra_float_digits = 3; SET datestyle = 'ISO'; SET timezone = 'UTC'; SET bytea_output = 'hex'; SET intervalstyle = 'iso_8601'`,
  );
  return parseFingerprint(await session.run(`${TABLES}\nSELECT WHERE false`));
}

export function parseFingerprint(rows: string[]): Fingerprint {
  const entries = rows.filter(Boolean).map((row) => {
    // A table's name may hold the separator; numbers do not.
    const [, table = '', count, hash = ''] = /^(.*)\|(\d+)\|(-?\d+)$/.exec(row) ?? [];
    return [table, { rows: Number(count), hash }] as const;
  });
  return Object.fromEntries(entries);
}

/** Where `found` is not what was `expected`. */
export function differences(expected: Fingerprint, found: Fingerprint): Difference[] {
  const tables = [...new Set([...Object.keys(expected), ...Object.keys(found)])].sort();
  return tables
    .map((table) => ({ table, expected: expected[table], found: found[table] }))
    .filter(
      ({ expected: a, found: b }) => a === undefined || a.rows !== b?.rows || a.hash !== b.hash,
    );
}

/** `public.jobs: 3 rows expected, 2 found`. */
export function describeDifference({ table, expected, found }: Difference): string {
  if (!expected) return `${table} was not expected`;
  if (!found) return `${table} is missing`;
  if (expected.rows !== found.rows)
    return `${table}: ${expected.rows} rows expected, ${found.rows} found`;
  return `${table}: other values in its ${found.rows} rows`;
}
