// Takes 140 s.
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { POSTGRES_SERVICE, type TestWorkspace, testWorkspace } from '../testing/workspace';
import { rotateSecret } from '../rotate/secret';
import { backUp, restore } from './backup';
import { Server } from './server';
import { setUp } from './set-up';

const ROLES = resolve(__dirname, '../../../../docker/postgres/roles.sh');
/** A server from before the roles; `withRoles` is what the same one is afterwards. */
const BEFORE = `services:${POSTGRES_SERVICE}
volumes: { data: }
`;
const withRoles = (password = 'app-secret', user = 'shop_app', watched = 'watcher-secret') =>
  BEFORE.replace(
    'POSTGRES_PASSWORD: secret }',
    `POSTGRES_PASSWORD: secret, DATABASE_USER: ${user}, DATABASE_PASSWORD: ${password}, MIGRATION_USER: Shop-Owner, MIGRATION_PASSWORD: owner-secret, MONITORING_USER: watcher, MONITORING_PASSWORD: ${watched} }
    labels: { nx-stages.set-up: /docker-entrypoint-initdb.d/roles.sh }`,
  ).replace(
    'volumes: [data:',
    'volumes: [./roles.sh:/docker-entrypoint-initdb.d/roles.sh:ro, data:',
  );

let workspace: TestWorkspace;

/** Brings the server up as `compose` has it, and runs its set-up, as compose-up does. */
async function bringUp(compose: string): Promise<Server> {
  writeFileSync(join(workspace.root, 'docker/compose.yaml'), compose);
  const opened = await workspace.open();
  await opened.compose.up({ wait: true });
  await setUp(opened, 'db');
  return new Server(opened.compose, 'db');
}

/** What statements say to a role that comes with its password, each by itself. */
async function as(role: string, password: string, sql: string): Promise<string> {
  const { compose } = await workspace.open();
  const script =
    'export PGPASSWORD="$2"; exec psql -Xqtw -h "$(hostname -i | cut -d" " -f1)" -U "$1" -d shop';
  const command = ['sh', '-c', script, 'sh', role, password];
  const { stdout, stderr } = await compose.exec('db', command, { input: sql });
  return `${stdout}${stderr}`.trim();
}
const app = (sql: string) => as('shop_app', 'app-secret', sql);
const owner = (sql: string) => as('Shop-Owner', 'owner-secret', sql);

const RIGHTS = `SELECT rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls
  FROM pg_roles WHERE rolname IN ('shop_app', 'Shop-Owner')`;
const REFUSED = [
  'CREATE TABLE mine (a int)',
  'DROP TABLE notes',
  'ALTER TABLE notes ADD COLUMN more text',
  'TRUNCATE notes',
  'CREATE SCHEMA mine',
  'CREATE ROLE mine',
  'CREATE DATABASE mine',
  'SET ROLE "Shop-Owner"',
  "COPY notes TO PROGRAM 'cat'",
];

beforeAll(async () => {
  workspace = await testWorkspace(() => BEFORE);
  copyFileSync(ROLES, join(workspace.root, 'docker/roles.sh'));
}, 120_000);
afterAll(() => workspace.remove());

/** Rows are the application's to change, and nothing else is. */
async function holds(note: string): Promise<void> {
  const rows = `INSERT INTO notes (text) VALUES ('${note}') RETURNING text;
    UPDATE notes SET text = 'x' WHERE text = '${note}'; DELETE FROM notes WHERE text = 'x'`;
  expect(await app(rows)).toBe(note);
  const said = (await app(`${REFUSED.join(';')};`)).split('\n');
  const refused = said.filter((line) => /permission denied|must be owner/.test(line));
  expect(refused, said.join('\n')).toHaveLength(REFUSED.length);
}

describe('a database that was made before its roles', () => {
  let backup: string;

  beforeAll(async () => {
    const server = await bringUp(BEFORE);
    await server.query(`
      CREATE TYPE mood AS ENUM ('ok'); CREATE DOMAIN short AS text CHECK (length(value) < 99);
      CREATE TABLE notes (id int GENERATED ALWAYS AS IDENTITY, old_id serial, text short, mood mood DEFAULT 'ok');
      CREATE INDEX notes_text ON notes (text); CREATE SEQUENCE numbers;
      CREATE VIEW seen AS SELECT * FROM notes; CREATE MATERIALIZED VIEW kept AS SELECT * FROM notes;
      CREATE FUNCTION one(int) RETURNS int LANGUAGE sql RETURN 1; CREATE PROCEDURE two() LANGUAGE sql AS '';
      CREATE SCHEMA "Other One"; CREATE TABLE "Other One".things (a int); CREATE EXTENSION pg_trgm;
      INSERT INTO notes (text) VALUES ('of before')`);
    backup = (await backUp(server, join(workspace.root, 'backups'))).path;
  }, 120_000);

  test('is handed over with all that is in it, and the rows stay', async () => {
    const server = await bringUp(withRoles());
    const foreign = await server.query(`
      SELECT 'class ' || c.oid::regclass FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
      WHERE nspname IN ('public', 'Other One') AND pg_get_userbyid(relowner) <> 'Shop-Owner'
      UNION ALL SELECT 'routine ' || p.oid::regprocedure FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace
      WHERE nspname = 'public' AND pg_get_userbyid(proowner) <> 'Shop-Owner' AND probin IS NULL
      UNION ALL SELECT 'type ' || t.oid::regtype FROM pg_type t JOIN pg_namespace n ON n.oid = typnamespace
      WHERE typname IN ('mood', 'short', 'notes') AND pg_get_userbyid(typowner) <> 'Shop-Owner'
      UNION ALL SELECT 'schema ' || nspname FROM pg_namespace
      WHERE nspname IN ('public', 'Other One') AND pg_get_userbyid(nspowner) <> 'Shop-Owner'`);
    expect(foreign).toEqual([]);
    expect(await server.databaseOwner()).toBe('Shop-Owner');
    expect(await server.query(RIGHTS)).toEqual(['f', 'f']);
    expect(await app('SELECT text FROM seen')).toBe('of before');
    expect(await app(`SELECT nextval('numbers')`)).toBe('1');
    expect(await app('INSERT INTO "Other One".things VALUES (1) RETURNING a')).toBe('1');
    await holds('one');
  });

  test('gives the application what a migration makes, and the right to change none of it', async () => {
    expect(
      await owner(`ALTER TABLE notes ADD COLUMN more text; CREATE TABLE made (id serial, a int);
        CREATE SCHEMA later; CREATE TABLE later.made (a int); DROP FUNCTION one(int)`),
    ).toBe('');
    expect(await app('INSERT INTO made (a) VALUES (7) RETURNING id')).toBe('1');
    expect(await app('INSERT INTO later.made VALUES (7) RETURNING a')).toBe('7');
    expect(await app('DROP TABLE made')).toContain('must be owner');
    expect(await owner('CREATE ROLE mine')).toContain('permission denied');
  });

  test('has a role that is told of the server and of no row, where that has a password', async () => {
    const watcher = (sql: string) => as('watcher', 'watcher-secret', sql);
    for (const table of ['notes', '"Other One".things', 'later.made'])
      expect(await watcher(`SELECT * FROM ${table}`)).toContain('permission denied');
    expect(await watcher('CREATE TABLE mine (a int)')).toContain('permission denied');
    const granted = `SELECT string_agg(roleid::regrole::text, ' ') FROM pg_auth_members WHERE member = 'watcher'::regrole`;
    expect(await watcher(granted)).toBe('pg_monitor');
    const server = await bringUp(withRoles('app-secret', 'shop_app', '""'));
    expect(await watcher('SELECT 1')).toBe('1');
    await server.query('DROP ROLE watcher');
    await setUp(await workspace.open(), 'db');
    expect(await watcher('SELECT 1')).toContain('password authentication failed');
    await bringUp(withRoles());
    expect(await watcher('SELECT 1')).toBe('1');
  });

  test('is set up again without a change, and takes another password', async () => {
    const server = await bringUp(withRoles('another-secret'));
    const dump = () => server.client(['pg_dump', '--schema-only', '--no-comments', '-w']);
    const plain = (text: string) => text.replace(/^\\(un)?restrict .*$/gm, '');
    const before = plain(await dump());
    await setUp(await workspace.open(), 'db');
    expect(plain(await dump())).toBe(before);
    expect(await as('shop_app', 'another-secret', 'SELECT 1')).toBe('1');
    expect(await app('SELECT 1')).toContain('password authentication failed');
    await bringUp(withRoles());
  });

  test('is handed over again after a backup of before was restored', async () => {
    const server = await bringUp(withRoles());
    await restore(server, backup);
    await setUp(await workspace.open(), 'db');
    expect(await server.databaseOwner()).toBe('Shop-Owner');
    await holds('two');
    expect(await owner('ALTER TABLE notes ADD COLUMN another text')).toBe('');
  });

  test('and one of after is restored with its rights', async () => {
    const server = await bringUp(withRoles());
    const { path } = await backUp(server, join(workspace.root, 'backups'));
    await restore(server, path);
    await setUp(await workspace.open(), 'db');
    await holds('three');
  });

  test('no password of a role is in the log', async () => {
    const { compose } = await workspace.open();
    const { stdout, stderr } = await compose.logs();
    expect(stdout + stderr).not.toMatch(/(app|owner|another|watcher)-secret/);
  });
});

describe('an empty volume', () => {
  beforeAll(async () => {
    const { compose } = await workspace.open();
    await compose.down({ volumes: true, timeoutSeconds: 5 });
  });

  test('has the roles from its first start on, without anybody', async () => {
    writeFileSync(join(workspace.root, 'docker/compose.yaml'), withRoles());
    const { compose } = await workspace.open();
    await compose.up({ wait: true });
    expect(await owner('CREATE TABLE notes (id serial, text text)')).toBe('');
    await holds('four');
  });

  test('the password of the application alone is rotated, and the next set-up keeps it', async () => {
    const [password, user] = ['DATABASE_PASSWORD', 'DATABASE_USER:-shop_app'].map(
      (variable) => `'$` + `{${variable}}'`,
    );
    const web = `  web:
    image: postgres:17-bookworm
    init: true
    command: [sleep, '600']
    environment: { URL: 'postgresql://${user!.slice(1, -1)}:${password!.slice(1, -1)}@db/shop' }
    healthcheck: { test: [CMD-SHELL, 'psql -Xqc "SELECT 1" "$$URL"'], interval: 1s, retries: 90 }
volumes:`;
    const envFile = 'docker/.env';
    writeFileSync(join(workspace.root, envFile), 'DATABASE_PASSWORD=app-secret\n');
    workspace.options.envFile = envFile;
    await bringUp(withRoles(password, user).replace(/^volumes:/m, () => web));
    const said: string[] = [];
    await rotateSecret(
      { ...workspace.options, secret: 'app', database: 'db', waitSeconds: 180 },
      workspace,
      (line) => said.push(line),
    );
    expect(said.join('\n')).toContain('db takes the new DATABASE_PASSWORD and refuses the old one');
    const opened = await workspace.open();
    await opened.compose.up({ wait: true });
    await setUp(opened, 'db');
    const text = readFileSync(join(workspace.root, envFile), 'utf8');
    const [, now = ''] = /^DATABASE_PASSWORD=([0-9a-f]{48})$/m.exec(text) ?? [];
    expect(await as('shop_app', now, 'SELECT current_user')).toBe('shop_app');
    expect(await app('SELECT 1')).toContain('password authentication failed');
    const left = `SELECT string_agg(rolname, ' ' ORDER BY rolname) FROM pg_roles WHERE rolcanlogin`;
    expect(await as('shop', 'secret', left)).toBe('Shop-Owner shop shop_app watcher');
  }, 600_000);

  test('a set-up that fails is said with its reason', async () => {
    const script = join(workspace.root, 'docker/roles.sh');
    const good = readFileSync(script, 'utf8');
    await bringUp(withRoles());
    writeFileSync(script, `${good}\necho no such thing >&2; false\n`);
    await expect(setUp(await workspace.open(), 'db')).rejects.toMatchObject({
      code: 'DATABASE_FAILED',
      message: '/docker-entrypoint-initdb.d/roles.sh in db failed: no such thing',
    });
    writeFileSync(script, good);
  });
});
