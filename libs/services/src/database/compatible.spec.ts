import fc from 'fast-check';
import { expect, test } from 'vitest';
import { contractions, describeContraction } from './compatible';
import { statements } from './statements';

const named = (sql: string) => contractions(sql).map(describeContraction);

test.each<[sql: string, expected: string[]]>([
  ['ALTER TABLE notes DROP COLUMN body', ['notes.body is dropped']],
  ['alter table only public."My notes" drop body', ['public."My notes".body is dropped']],
  ['DROP TABLE IF EXISTS notes', ['notes is dropped']],
  ['ALTER TABLE notes RENAME body TO text', ['notes.body gets another name or place']],
  ['ALTER TABLE notes RENAME TO jottings', ['notes gets another name or place']],
  ['ALTER TABLE notes SET SCHEMA old', ['notes gets another name or place']],
  ['ALTER TABLE notes ALTER COLUMN a SET NOT NULL', ['notes.a has to be given from then on']],
  ['ALTER TABLE notes ADD COLUMN a text NOT NULL', ['notes.a has to be given from then on']],
  ['ALTER TABLE notes ALTER a TYPE bigint', ['notes.a gets another type']],
  [
    'ALTER TABLE notes ADD a numeric(1, 2), DROP COLUMN b, ALTER c SET DATA TYPE text',
    ['notes.b is dropped', 'notes.c gets another type'],
  ],
  [
    "DROP TYPE mood; ALTER TYPE state RENAME VALUE 'a' TO 'b'",
    ['mood is dropped', 'state gets another name or place'],
  ],
])('%s', (sql, expected) => {
  expect(named(`BEGIN;\n${sql};\nCOMMIT;`)).toEqual(expected);
});

test.each([
  'ALTER TABLE notes ADD COLUMN a text',
  "ALTER TABLE notes ADD COLUMN a text DEFAULT 'x' NOT NULL",
  'ALTER TABLE notes ADD COLUMN a bigserial NOT NULL',
  'ALTER TABLE notes ALTER a DROP NOT NULL',
  'ALTER TABLE notes DROP CONSTRAINT notes_pkey',
  'ALTER TABLE notes RENAME CONSTRAINT a TO b',
  'ALTER TABLE notes ADD CONSTRAINT c CHECK (a IS NOT NULL) NOT VALID',
  'CREATE INDEX i ON notes (a)',
  'DROP INDEX i',
  'CREATE TABLE n (a int); ALTER TABLE n ALTER a SET NOT NULL; DROP TABLE n',
  "UPDATE alembic_version SET version_num='b' WHERE version_num = 'a'",
  "COMMENT ON TABLE notes IS 'x; DROP TABLE notes'",
  '-- DROP TABLE notes\nSELECT 1 /* ; DROP TABLE notes; */',
  'CREATE FUNCTION f() RETURNS void AS $x$ BEGIN; DROP TABLE notes; END $x$ LANGUAGE plpgsql',
])('what runs before survives %s', (sql) => {
  expect(named(sql)).toEqual([]);
});

test('no text hides a statement, and none makes one', () => {
  const quoted = fc.string().map((text) => `SELECT '${text.replaceAll("'", "''")}'`);
  fc.assert(
    fc.property(fc.array(quoted), (texts) => {
      const sql = [...texts, 'DROP TABLE notes', ...texts].join(';\n');
      expect(statements(sql)).toHaveLength(2 * texts.length + 1);
      expect(named(sql)).toEqual(['notes is dropped']);
    }),
  );
});
