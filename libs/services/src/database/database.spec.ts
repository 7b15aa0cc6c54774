import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ComposeConfig } from '../compose/project';
import { confirmByName } from '@excel2doc/stages';
import { dryRunCommand, parseAutogenerate, parseRevisions } from './alembic';
import { backupName, keepNewest, latestBackup, writeWhole } from './backup-file';
import { describeDifference, differences, parseFingerprint } from './fingerprint';
import { withDatabase } from './migrations';
import { normaliseSchema, schemaDrift } from './schema';
import { databaseService, identifier, literal } from './service';

const config = (services: ComposeConfig['services']): ComposeConfig => ({ name: 'x', services });

describe('the PostgreSQL service', () => {
  test.each<[how: string, services: ComposeConfig['services']]>([
    ['by its image', { db: { image: 'postgres:17' }, api: { image: 'acme/postgres-client' } }],
    [
      'by the image of an extension',
      { db: { image: 'ghcr.io/x/pgvector:pg17' }, c: { image: 'redis:7' } },
    ],
    [
      'by its variables',
      { db: { image: 'acme/own', environment: { POSTGRES_PASSWORD_FILE: '/x' } } },
    ],
    [
      'beside a tool for it',
      {
        db: { image: 'postgres' },
        ui: { image: 'dpage/pgadmin4', environment: { POSTGRES_USER: 'x' } },
      },
    ],
  ])('is found %s', (_how, services) => {
    expect(databaseService(config(services))).toBe('db');
  });

  test('has to be named where there are two', () => {
    const two = config({ a: { image: 'postgres' }, b: { image: 'postgres' } });
    expect(() => databaseService(two)).toThrow(/several PostgreSQL services: a, b/);
    expect(databaseService(two, 'b')).toBe('b');
    expect(() => databaseService(two, 'c')).toThrow(/no service c/);
  });
});

test('names and texts cannot leave their quotes', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(identifier(text).slice(1, -1).replaceAll('""', '')).not.toContain('"');
      expect(literal(text).slice(1, -1).replaceAll("''", '')).not.toContain("'");
    }),
  );
});

test('tables that differ are named with what was expected and found', () => {
  const expected = parseFingerprint(['public.a|2|17', 'public."x|y"|1|-5', 'public.gone|0|0', '']);
  const found = parseFingerprint(['public.a|3|17', 'public."x|y"|1|-6', 'public.more|0|0']);
  expect(differences(expected, expected)).toEqual([]);
  expect(differences(expected, found).map(describeDifference)).toEqual([
    'public."x|y": other values in its 1 rows',
    'public.a: 2 rows expected, 3 found',
    'public.gone is missing',
    'public.more was not expected',
  ]);
});

test('alembic’s answers are read, its log is not', () => {
  const said =
    'INFO  [alembic.runtime.migration] Context impl PostgresqlImpl.\n20261123_a (head)\nbase12 (mergepoint) (head)\n';
  expect(parseRevisions(said)).toEqual(['20261123_a', 'base12']);
  expect(dryRunCommand(['a1'])).toEqual(['alembic', 'upgrade', 'a1:head', '--sql']);
  expect(
    parseAutogenerate(
      "FAILED: New upgrade operations detected: [('remove_table', Table('by_hand', MetaData())), ('add_column', None, 'jobs', Column('note', Text(), table=<jobs>)), [('modify_nullable', None, 'jobs', 'owner', {}, True, False)]]",
    ),
  ).toEqual(['remove table by_hand', 'add column jobs.note', 'modify nullable jobs.owner']);
  expect(parseAutogenerate("INFO  [x] Detected added table 'notes'\n")).toEqual([
    "added table 'notes'",
  ]);
});

test('another database is put into each PostgreSQL URL, and into nothing else', () => {
  const environment = {
    DATABASE_URL: 'postgresql+psycopg://u:p@db:5432/shop?sslmode=x',
    REDIS_URL: 'redis://r/0',
    N: null,
  };
  expect(withDatabase(environment, 'scratch')).toEqual({
    DATABASE_URL: 'postgresql+psycopg://u:p@db:5432/scratch?sslmode=x',
  });
  expect(() => withDatabase({ A: 'x' }, 'scratch')).toThrow(/No variable/);
});

test('schemas are compared as statements, in any order, without noise', () => {
  const a =
    '-- x\nSET a = 1;\n\\restrict AbC\nCREATE TABLE t (\n    n integer\n);\n\nCREATE INDEX i ON t;\n';
  const b =
    'CREATE INDEX i ON t;\n-- y\nCREATE TABLE t (\n    n integer\n);\n\\restrict XyZ\nCREATE TABLE more (\n);\n';
  expect(schemaDrift(a, a)).toEqual({ missing: [], extra: [] });
  expect(schemaDrift(a, b)).toEqual({ missing: [], extra: ['CREATE TABLE more (\n)'] });
  expect(normaliseSchema(a)).toHaveLength(2);
});

describe('backups', () => {
  test('a file that was not written whole, or fails its check, is not there', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'backups-'));
    const path = join(folder, 'x.dump');
    const fail = () => Promise.reject(new Error('no'));
    await expect(writeWhole(path, fail, async () => {})).rejects.toThrow('no');
    await expect(writeWhole(path, async (sink) => sink.write('abc'), fail)).rejects.toThrow('no');
    expect(await readdir(folder)).toEqual([]);
    const { sizeBytes, sha256 } = await writeWhole(
      path,
      async (sink) => sink.write('abc'),
      async () => {},
    );
    expect(await readFile(path, 'utf8')).toBe('abc');
    expect(sizeBytes).toBe(3);
    expect(sha256).toMatch(/^ba7816bf/);
  });

  test('names sort by time; the newest is taken, the oldest go', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'backups-'));
    const names = [3, 1, 2].map((day) => backupName('shop', new Date(Date.UTC(2026, 0, day))));
    for (const name of names)
      for (const end of ['', '.json', '.sha256']) await writeFile(join(folder, name + end), '');
    expect(await latestBackup(folder)).toBe(join(folder, names[0]!));
    expect(await keepNewest(join(folder, names[0]!), 2)).toEqual([names[1]]);
    expect(await readdir(folder)).toHaveLength(6);
    expect(await latestBackup(join(folder, 'none'))).toBeUndefined();
  });
});

test('nothing is lost without its name', async () => {
  await expect(confirmByName('x', 'shop', 'shop')).resolves.toBeUndefined();
  await expect(confirmByName('x', 'shop', 'shopp')).rejects.toMatchObject({
    code: 'NOT_CONFIRMED',
  });
});
