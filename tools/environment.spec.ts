import { mkdtempSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { demandedVariables } from '@excel2doc/stages';
import { expect, test } from 'vitest';
import { ensureEnvironment, projectName } from './environment';
import { workspaceRoot } from './workspace';

test('each checkout has a Compose project of its own, by whichever way one comes to it', () => {
  const [one = '', other = ''] = ['one', 'other'].map((name) =>
    mkdtempSync(join(tmpdir(), `excel2doc-${name}-`)),
  );
  symlinkSync(one, join(other, 'link'));
  expect(projectName(one)).toMatch(/^excel2doc-[0-9a-f]{8}$/);
  expect(projectName(one)).toBe(projectName(join(other, 'link')));
  expect(projectName(one)).not.toBe(projectName(other));
});

test('an environment is written once; what is there stays, and what is new is added', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'excel2doc-env-')), '.env');
  expect(ensureEnvironment(file)).toContain('with fresh passwords');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const text = readFileSync(file, 'utf8');
  expect(ensureEnvironment(file)).toBeUndefined();
  expect(readFileSync(file, 'utf8')).toBe(text);

  const older = text
    .replace(/^(BACKUP|DATABASE|MIGRATION|MONITORING)_PASSWORD=.*\n/gm, '')
    .trimEnd();
  writeFileSync(file, older);
  expect(ensureEnvironment(file)).toContain(
    'added BACKUP_PASSWORD, DATABASE_PASSWORD, MIGRATION_PASSWORD, MONITORING_PASSWORD',
  );
  const now = readFileSync(file, 'utf8');
  expect(now.startsWith(`${older}\n`)).toBe(true);
  expect(now.slice(older.length)).toMatch(
    /^(\n(BACKUP|DATABASE|MIGRATION|MONITORING)_PASSWORD=[0-9a-f]{48}){4}\n$/,
  );
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test('what the Compose files say of a value that is missing is what adds it', () => {
  const text = readFileSync(join(workspaceRoot, 'docker/compose.yaml'), 'utf8');
  const demanded = demandedVariables(text);
  expect(demanded.map(({ name }) => name)).toContain('MONITORING_PASSWORD');
  for (const { name, message } of demanded) {
    const folder = mkdtempSync(join(tmpdir(), 'excel2doc-env-'));
    const file = join(folder, '.env');
    // One that "writes" the file finds none; one that "adds" finds one that lacks the value.
    const isAdded = message.startsWith('"npm start" adds it to docker/.env,');
    if (isAdded) writeFileSync(file, 'POSTGRES_USER=excel2doc\n');
    else expect(message).toContain('"npm start" writes docker/.env once,');
    ensureEnvironment(file);
    expect(parseEnv(readFileSync(file, 'utf8'))[name]).toMatch(/^[0-9a-f]{48}$/);
    expect(message).toMatch(/"npx nx run backend:env" (adds it )?to docker\/\.env\.prod$/);
  }
});
