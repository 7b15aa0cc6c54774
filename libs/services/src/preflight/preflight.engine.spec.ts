import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { gatherPreflight } from './gather';
import { breaches } from './rules';

const workspaceRoot = resolve(__dirname, '../../../..');
const subject = {
  workspaceRoot,
  dockerfile: 'apps/backend/Dockerfile',
  image: 'excel2doc/backend',
  envFile: 'docker/.env.no-such-file',
};

test("this workspace's production configuration keeps every rule, without any secret at hand", async () => {
  const files = ['docker/compose.yaml', 'docker/compose.prod.yaml'];
  const facts = await gatherPreflight({ ...subject, files });
  expect(breaches(facts)).toEqual([]);
  const names = ['backend', 'caddy', 'postgres', 'redis', 'worker'];
  expect(Object.keys(facts.services).sort()).toEqual(names);
});

test('what its profiles add rotates its logs, is limited, and comes back after a restart', async () => {
  vi.stubEnv('COMPOSE_PROFILES', '*');
  onTestFinished(() => void vi.unstubAllEnvs());
  const files = ['docker/compose.yaml', 'docker/compose.prod.yaml'];
  const facts = await gatherPreflight({ ...subject, files });
  expect(Object.keys(facts.services)).toEqual(expect.arrayContaining(['backup', 'pdf-worker']));
  const held = ['log-rotation', 'memory-limit', 'cpu-limit', 'restart-policy'];
  const broken = breaches(facts)
    .filter(({ rule }) => held.includes(rule.id))
    .map(({ rule, service }) => `${rule.id}:${service}`);
  // These two run once, by a command.
  expect(broken).toEqual(['restart-policy:migrate', 'restart-policy:restore']);
});

test('a file with secrets that others can read is found', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'preflight-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, '.env.prod');
  const names = ['POSTGRES', 'DATABASE', 'MIGRATION', 'MONITORING', 'REDIS'];
  await writeFile(file, names.map((name) => `${name}_PASSWORD=jX92kdlw02mdkw\n`).join(''));
  const envFile = relative(workspaceRoot, file);
  const openSecrets = async (mode: number) => {
    await chmod(file, mode);
    const facts = await gatherPreflight({ ...subject, envFile, files: ['docker/compose.yaml'] });
    return facts.openSecrets;
  };
  expect(await openSecrets(0o640)).toEqual([`${envFile} (0640)`]);
  expect(await openSecrets(0o600)).toEqual([]);
});

test('the configuration for one machine does not pass for production', async () => {
  const facts = await gatherPreflight({ ...subject, files: ['docker/compose.yaml'] });
  const broken = breaches(facts).map(({ rule, service }) => `${rule.id}:${service}`);
  expect(broken).toEqual(
    expect.arrayContaining([
      'log-rotation:backend',
      'memory-limit:postgres',
      'image-pinned:backend',
    ]),
  );
});
