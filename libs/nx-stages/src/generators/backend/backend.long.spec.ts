// Takes 150 s.
import { join } from 'node:path';
import { createTreeWithEmptyWorkspace } from '@nx/devkit/testing';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type ScratchProject, scratchProject } from '../../testing/scratch-project';
import type { Framework } from './frameworks';
import generate from './generator';

/** All three, not just the first: each installs its packages, twice. */
const frameworks: Framework[] =
  process.env['BUILD_ALL'] === 'true' ? ['fastapi', 'django', 'flask'] : ['fastapi'];

// Packages are downloaded and installed: minutes on a busy machine.
vi.setConfig({ testTimeout: 1_500_000, hookTimeout: 120_000 });

let project: ScratchProject;
beforeEach(async () => (project = await scratchProject()));
afterEach(() => project.remove());

async function writeBackend(framework: Framework): Promise<void> {
  const tree = createTreeWithEmptyWorkspace();
  generate(tree, { name: project.name, directory: 'app', framework });
  const written = tree.listChanges().filter(({ path }) => path.startsWith('app/'));
  await project.write(
    Object.fromEntries(written.map(({ path, content }) => [path, String(content)])),
  );
}

test.each(frameworks)('the tests of a %s backend pass in its own image', async (framework) => {
  await writeBackend(framework);
  await project.run('docker-build');
  const { stdout } = await project.engine.run({
    image: `${project.name}:dev`,
    network: 'none',
    command: ['python', '-c', 'import os, shutil; print(os.getuid(), shutil.which("gcc"))'],
  });
  expect(stdout.trim()).toBe('10001 None');
  // pytest in the test image, against PostgreSQL and Redis; it throws when a test fails.
  await project.run('test');
  await project.run('lint');
});

test('it runs as a role that changes rows alone, and another is watched with', async () => {
  await writeBackend('fastapi');
  const port = `${project.name.replaceAll('-', '_').toUpperCase()}_PORT`;
  vi.stubEnv(port, '0');
  const folder = join(project.root, 'app');
  const compose = project.engine.compose({
    files: [join(folder, 'compose.yaml')],
    envFile: join(folder, '.env'),
    project: project.name,
  });
  try {
    await project.run('compose-up');
    const of = (service: string) =>
      compose.ps().then((all) => all.find((each) => each.service === service));
    const published = (await of(project.name))?.ports[0]?.published;
    const note = await fetch(`http://127.0.0.1:${published}/notes`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"text":"buy milk"}',
    });
    expect(note.status).toBe(201);

    const as = async (role: string, sql: string) => {
      const script = `PGPASSWORD=$${role}_PASSWORD exec psql -XqtAw -h "$(hostname -i | cut -d' ' -f1)" -U "$${role}_USER" -d "$POSTGRES_DB" -c "$1"`;
      const { stdout, stderr } = await compose.exec('postgres', ['sh', '-c', script, 'sh', sql]);
      return `${stdout}${stderr}`.trim();
    };
    expect(await as('DATABASE', 'SELECT text FROM notes')).toBe('buy milk');
    expect(await as('DATABASE', 'DROP TABLE notes')).toContain('must be owner');
    expect(await as('DATABASE', 'CREATE TABLE mine (a int)')).toContain('permission denied');
    expect(await as('MIGRATION', 'ALTER TABLE notes ADD COLUMN more text')).toBe('');
    expect(await as('MONITORING', 'SELECT text FROM notes')).toContain('permission denied');
    const hidden = `SELECT count(*) FROM pg_stat_activity WHERE query = '<insufficient privilege>'`;
    expect(await as('MONITORING', hidden)).toBe('0');
    expect(await as('DATABASE', hidden)).not.toBe('0');
    const supers = `SELECT string_agg(rolname, ' ') FROM pg_roles WHERE rolsuper AND rolcanlogin`;
    expect(await as('MIGRATION', supers)).toBe(project.name.replaceAll('-', '_'));
  } finally {
    await compose.down({ volumes: true });
  }
});
