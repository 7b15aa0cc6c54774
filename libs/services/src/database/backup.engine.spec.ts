import { appendFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { POSTGRES_SERVICE, type TestWorkspace, testWorkspace } from '../testing/workspace';
import { backUp, restore } from './backup';
import { readBackup } from './backup-file';
import { Server } from './server';

let workspace: TestWorkspace;
let server: Server;
let folder: string;

const start = async () => {
  const { compose } = await workspace.open();
  await compose.up({ wait: true });
  server = new Server(compose, 'db');
};
const names = () => server.query('SELECT id || name FROM people ORDER BY id');

beforeAll(async () => {
  workspace = await testWorkspace(() => `services:${POSTGRES_SERVICE}\nvolumes: { data: }\n`);
  folder = join(workspace.root, 'backups');
  await start();
  await server.query(
    `CREATE TABLE people (id bigserial PRIMARY KEY, name text, at timestamptz DEFAULT now(), raw bytea);
     CREATE TABLE "odd | name" (a numeric);
     INSERT INTO people (name, raw) VALUES ('张三', '\\x00ff'), ('O''Brien', NULL);
     INSERT INTO "odd | name" SELECT n / 7.0 FROM generate_series(1, 1000) n`,
  );
});

afterAll(() => workspace.remove());

test('a backup taken, the volume destroyed, the backup restored: the same rows', async () => {
  const before = await names();
  const { path, tables } = await backUp(server, folder);
  expect(tables['public.people']?.rows).toBe(2);
  expect(tables['public."odd | name"']?.rows).toBe(1000);

  const { compose } = await workspace.open();
  await compose.down({ volumes: true, timeoutSeconds: 1 });
  await start();
  await expect(names()).rejects.toThrow(/relation "people" does not exist/);

  await restore(server, path);
  expect(await names()).toEqual(before);
  await server.query(`INSERT INTO people (name) VALUES ('next')`);
  expect(await names()).toEqual([...before, '3next']);
});

test('a restore ends the sessions of others, and keeps under another name what was there', async () => {
  const { path } = await backUp(server, folder);
  await server.query(`INSERT INTO people (name) VALUES ('after the backup')`);
  const other = server.session();
  await other.run('BEGIN; SELECT 1');
  const { kept } = await restore(server, path);
  expect((await names()).join()).not.toContain('after the backup');
  expect(await server.query('SELECT name FROM people ORDER BY id DESC LIMIT 1', kept)).toEqual([
    'after the backup',
  ]);
  await other.close();
  expect(
    await server.query(`SELECT datname FROM pg_database WHERE datname LIKE 'nx_stages%'`),
  ).toEqual([]);
});

test('one changed byte is found before anything is done', async () => {
  const { path } = await backUp(server, folder);
  await appendFile(path, 'x');
  await expect(restore(server, path)).rejects.toMatchObject({ code: 'BACKUP_INVALID' });
  await expect(readBackup(path)).rejects.toThrow(/is damaged: sha256 \w{64} expected/);
});

test('a dump that cannot be restored leaves no file and no scratch database', async () => {
  const count = (await readdir(folder)).length;
  // Its check fails for rows that are there already, and with them each restore.
  await server.query(
    `CREATE TABLE once (n int); INSERT INTO once VALUES (1);
     CREATE FUNCTION never(int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS
       $$ BEGIN RETURN current_database() = 'shop'; END $$;
     ALTER TABLE once ADD CONSTRAINT only_here CHECK (never(n))`,
  );
  await expect(backUp(server, folder)).rejects.toMatchObject({ code: 'DATABASE_FAILED' });
  await server.query('DROP TABLE once');
  expect(await readdir(folder)).toHaveLength(count);
  expect(
    await server.query(`SELECT datname FROM pg_database WHERE datname LIKE 'nx_stages%'`),
  ).toEqual([]);
});
