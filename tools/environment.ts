import { createHash, randomBytes } from 'node:crypto';
import { existsSync, realpathSync, renameSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { workspaceRoot } from './workspace';

export const environmentFile = join(workspaceRoot, 'docker', '.env');

/**
 * docker/.env with a fresh password a service, written once: a database keeps the password that it
 * was made with, so an existing file is never touched.
 *
 * @returns whether it was written now.
 */
export function ensureEnvironment(): boolean {
  if (existsSync(environmentFile)) return false;
  // Hex: the passwords stand in URLs, where other letters would need escaping.
  const password = () => randomBytes(24).toString('hex');
  const text = [
    '# Written by `npm start`. Not in git: it holds passwords. Ports can be changed here.',
    // Of this checkout alone: the passwords of another one would meet the volumes of the first.
    `COMPOSE_PROJECT_NAME=${projectName(workspaceRoot)}`,
    'POSTGRES_USER=excel2doc',
    'POSTGRES_DB=excel2doc',
    `POSTGRES_PASSWORD=${password()}`,
    `REDIS_PASSWORD=${password()}`,
    // Backups are encrypted with it.
    `BACKUP_PASSWORD=${password()}`,
    'BACKEND_PORT=8000',
    'POSTGRES_PORT=5432',
    'REDIS_PORT=6379',
    '',
  ].join('\n');
  const temporary = `${environmentFile}.${process.pid}`;
  writeFileSync(temporary, text, { mode: 0o600 });
  renameSync(temporary, environmentFile);
  return true;
}

/** A name that is the same for a checkout as long as it lies where it lies. */
export function projectName(folder: string): string {
  return `excel2doc-${createHash('sha256').update(realpathSync(folder)).digest('hex').slice(0, 8)}`;
}

/** The values that Compose reads, those of the process first, as Compose does. */
export async function readEnvironment(): Promise<Record<string, string | undefined>> {
  return { ...parseEnv(await readFile(environmentFile, 'utf8')), ...process.env };
}
