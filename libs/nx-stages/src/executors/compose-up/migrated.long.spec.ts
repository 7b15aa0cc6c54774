// Takes 60 s.
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { readRevisions, Server } from '@excel2doc/services';
import {
  POSTGRES_SERVICE,
  type TestWorkspace,
  testWorkspace,
} from '@excel2doc/services/testing/workspace';
import { executorContext } from '../../testing/context';
import dbMigrate from '../db-migrate/executor';
import composeUp from './executor';

let workspace: TestWorkspace;
let server: Server;

const SET_UP = `RUN python -m venv /venv && /venv/bin/pip install --quiet alembic==1.17.2 'psycopg[binary]==3.2.13'
ENV PATH=/venv/bin:$PATH
WORKDIR /app
RUN mkdir -p alembic/versions && printf '[alembic]\\nscript_location = alembic\\n' > alembic.ini
RUN printf '%s\\n' 'import os' 'from alembic import context' 'from sqlalchemy import create_engine' \\
  'url = os.environ["DATABASE_URL"]' \\
  'if context.is_offline_mode():' '    context.configure(url=url, literal_binds=True)' \\
  '    with context.begin_transaction(): context.run_migrations()' \\
  'else:' '    with create_engine(url).connect() as connection:' \\
  '        context.configure(connection=connection)' \\
  '        with context.begin_transaction(): context.run_migrations()' > alembic/env.py
`;
interface Migration {
  up: string;
  down: string;
}
const revision = (name: string, before: string | undefined, { up, down }: Migration) =>
  `RUN printf '%s\\n' 'from alembic import op' 'revision = "${name}"' 'down_revision = ${before ? `"${before}"` : 'None'}' ` +
  `'branch_labels = depends_on = None' 'def upgrade(): op.execute("${up}")' 'def downgrade(): op.execute("${down}")' > alembic/versions/${name}.py\n`;

/** An image with these migrations, which serves or dies. */
async function image(migrations: Migration[], serves: boolean) {
  const names = migrations.map((_, at) => `r${at + 1}`);
  const files = migrations.map((each, at) => revision(names[at] ?? '', names[at - 1], each));
  const code = serves ? 'import time; time.sleep(600)' : 'raise SystemExit(3)';
  await workspace.image(
    'app',
    'dev',
    `${SET_UP}${files.join('')}CMD ["python", "-c", "${code}"]\n`,
  );
}

const first = { up: 'CREATE TABLE notes (body text)', down: 'DROP TABLE notes' };
const more = {
  up: 'ALTER TABLE notes ADD COLUMN title text',
  down: 'ALTER TABLE notes DROP COLUMN title',
};
const less = {
  up: 'ALTER TABLE notes DROP COLUMN body',
  down: 'ALTER TABLE notes ADD COLUMN body text',
};
const oneWay = { up: 'CREATE TABLE forwards (a int)', down: 'SELECT nonsense' };

async function up(options = {}): Promise<{ success: boolean; said: string }> {
  const error = vi.spyOn(console, 'error').mockReturnValue();
  const out = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  const given = { ...workspace.options, service: 'app', waitSeconds: 30, tryOut: true, ...options };
  const { success } = await composeUp(
    { ...given, migrate: ['alembic', 'upgrade', 'head'] },
    executorContext(workspace.root),
  );
  const said = [...out.mock.calls, ...error.mock.calls].map(([line]) => String(line)).join('\n');
  error.mockRestore();
  out.mockRestore();
  return { success, said };
}

beforeAll(async () => {
  workspace = await testWorkspace(
    (project) => `services:${POSTGRES_SERVICE}
  app:
    image: ${project}/app:dev
    environment: { DATABASE_URL: 'postgresql+psycopg://shop:secret@db/shop' }
    depends_on: { db: { condition: service_healthy } }
    stop_grace_period: 0s
volumes: { data: }
`,
  );
  await image([first], true);
  expect(await up()).toMatchObject({ success: true });
  server = new Server((await workspace.open()).compose, 'db');
}, 300_000);

afterAll(() => workspace.remove());

test('a refused image on a migrated schema is said, with a way back that was tried', async () => {
  await image([first, more], false);
  const { success, said } = await up();
  expect(success).toBe(false);
  expect(said).toMatch(/did not get healthy.*schema stays migrated: it is at r2, and was at r1/);
  expect(said).toContain('db-migrate --to=r1 takes the schema back');
  expect(await readRevisions(server)).toEqual(['r2']);

  const back = { ...workspace.options, service: 'app', dryRun: false, backup: false, to: 'r1' };
  const command = ['alembic', 'upgrade', 'head'];
  const context = executorContext(workspace.root);
  const refused = vi.spyOn(console, 'error').mockReturnValue();
  expect(await dbMigrate({ ...back, command }, context)).toEqual({ success: false });
  refused.mockRestore();
  expect(await readRevisions(server)).toEqual(['r2']);
  expect(await dbMigrate({ ...back, command, confirm: 'shop' }, context)).toEqual({
    success: true,
  });
  expect(await readRevisions(server)).toEqual(['r1']);
});

test('a way back that does not work is not offered', async () => {
  await image([first, oneWay], false);
  const { said } = await up();
  expect(said).toMatch(/the way back failed in an empty database: .*nonsense/);
  expect(said).not.toContain('--to=');
  await server.query(`DROP TABLE forwards`);
  await server.query(`UPDATE alembic_version SET version_num = 'r1'`);
});

test('a migration that the running image may not survive is refused before it, or named', async () => {
  await image([first, less], true);
  const refused = await up({ breaking: 'refuse' });
  expect(refused.success).toBe(false);
  expect(refused.said).toMatch(
    /may not survive the migration: notes.body is dropped; nothing was changed/,
  );
  expect(await readRevisions(server)).toEqual(['r1']);
  const named = await up();
  expect(named).toMatchObject({ success: true });
  expect(named.said).toContain(
    '! what runs now may not survive the migration: notes.body is dropped',
  );
  expect(await readRevisions(server)).toEqual(['r2']);
});
