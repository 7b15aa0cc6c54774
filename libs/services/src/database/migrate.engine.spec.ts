import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { POSTGRES_SERVICE, type TestWorkspace, testWorkspace } from '../testing/workspace';
import { migrate } from './migrate';
import { Server } from './server';

let workspace: TestWorkspace;
let server: Server;

/** psql is the migration: each statement a transaction of its own, or one for all of them. */
const run = async (sql: string, inOne: boolean) => {
  const flags = ['-v', 'ON_ERROR_STOP=1', ...(inOne ? ['--single-transaction'] : [])];
  const opened = await workspace.open();
  return migrate(
    opened,
    'app',
    ['psql', ...flags, ...sql.split(';').flatMap((statement) => ['-c', statement.trim()])],
    { database: 'db' },
  );
};

beforeAll(async () => {
  workspace = await testWorkspace(
    () => `services:${POSTGRES_SERVICE}
  app:
    image: postgres:17-bookworm
    command: [sleep, '600']
    init: true
    stop_grace_period: 0s
    environment: { PGHOST: db, PGUSER: shop, PGDATABASE: shop, PGPASSWORD: secret }
volumes: { data: }
`,
  );
  const { compose } = await workspace.open();
  await compose.up({ wait: true });
  server = new Server(compose, 'db');
  await server.query(
    `CREATE TABLE alembic_version (version_num text); INSERT INTO alembic_version VALUES ('one');
     CREATE TABLE people (name text); INSERT INTO people VALUES ('a'), ('a')`,
  );
});

afterAll(() => workspace.remove());

test('one that a transaction takes back is called rolled back, after a comparison', async () => {
  await expect(
    run(
      `CREATE TABLE half (a int); UPDATE alembic_version SET version_num = 'two'; SELECT 1 / 0`,
      true,
    ),
  ).rejects.toMatchObject({
    code: 'MIGRATION_FAILED',
    message: expect.stringMatching(
      /rolled back: schema and revision were compared.*; app still runs/,
    ),
  });
});

test('what an index that failed half-way leaves is listed, with the way out', async () => {
  const said = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  await expect(
    run('CREATE TABLE half (a int); CREATE UNIQUE INDEX CONCURRENTLY once ON people (name)', false),
  ).rejects.toMatchObject({
    code: 'MIGRATION_FAILED',
    message: expect.stringMatching(/^(?!.*it was rolled back).*index once is there and not valid/),
    hint: expect.stringContaining('DROP INDEX CONCURRENTLY once'),
  });
  const lines = said.mock.calls.map(([line]) => String(line)).join('');
  said.mockRestore();
  expect(lines).toContain('left behind: made: CREATE TABLE public.half');
  await server.query('DROP TABLE half');
  await server.query('DROP INDEX once');
});

test('a migration that was applied before the one that failed is named by its revision', async () => {
  await expect(
    run(`UPDATE alembic_version SET version_num = 'two'; SELECT 1 / 0`, false),
  ).rejects.toMatchObject({
    message: expect.stringContaining('the database is at two, before it was at one'),
  });
});

test('nothing is said of a schema that cannot be looked at', async () => {
  const { compose } = await workspace.open();
  const query = 'ALTER ROLE shop NOLOGIN; SELECT 1 / 0';
  await expect(run(query, false)).rejects.toMatchObject({
    message: expect.stringMatching(/^(?!.*rolled back).*could not be seen/),
  });
  await compose.down({ volumes: true, timeoutSeconds: 1 });
});

test('of a good one the revisions are given back', async () => {
  const { compose } = await workspace.open();
  await compose.up({ wait: true });
  await server.query(`CREATE TABLE alembic_version (version_num text)`);
  expect(await run(`INSERT INTO alembic_version VALUES ('one')`, true)).toEqual({
    from: [],
    to: ['one'],
  });
});
