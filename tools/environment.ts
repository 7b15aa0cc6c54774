import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, realpathSync, renameSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { workspaceRoot } from './workspace';

export const environmentFile = join(workspaceRoot, 'docker', '.env');

/**
 * docker/.env with a fresh password a service. What is there stays: a database keeps the password that
 * it was made with. A password that came in with a later version, which nothing was made with yet, is
 * added.
 *
 * @returns what was written now, for people; undefined where nothing was
 */
export function ensureEnvironment(file = environmentFile): string | undefined {
  // Hex: the passwords stand in URLs, where other letters would need escaping.
  const password = () => randomBytes(24).toString('hex');
  // Backups are encrypted with it.
  const backup = `BACKUP_PASSWORD=${password()}`;
  if (existsSync(file)) {
    const text = readFileSync(file, 'utf8');
    if (parseEnv(text)['BACKUP_PASSWORD'] !== undefined) return undefined;
    replace(file, `${text.replace(/\n?$/, '\n')}${backup}\n`);
    return `added BACKUP_PASSWORD to ${file}: keep a copy of it elsewhere`;
  }
  const text = [
    '# Written by `npm start`. Not in git: it holds passwords. Ports can be changed here.',
    // Of this checkout alone: the passwords of another one would meet the volumes of the first.
    `COMPOSE_PROJECT_NAME=${projectName(workspaceRoot)}`,
    'POSTGRES_USER=excel2doc',
    'POSTGRES_DB=excel2doc',
    `POSTGRES_PASSWORD=${password()}`,
    `REDIS_PASSWORD=${password()}`,
    backup,
    'BACKEND_PORT=8000',
    'POSTGRES_PORT=5432',
    'REDIS_PORT=6379',
    '',
  ].join('\n');
  replace(file, text);
  return `wrote ${file} with fresh passwords`;
}

function replace(file: string, text: string): void {
  const temporary = `${file}.${process.pid}`;
  writeFileSync(temporary, text, { mode: 0o600 });
  renameSync(temporary, file);
}

/** A name that is the same for a checkout as long as it lies where it lies. */
export function projectName(folder: string): string {
  return `excel2doc-${createHash('sha256').update(realpathSync(folder)).digest('hex').slice(0, 8)}`;
}

/** The values that Compose reads, those of the process first, as Compose does. */
export async function readEnvironment(): Promise<Record<string, string | undefined>> {
  return { ...parseEnv(await readFile(environmentFile, 'utf8')), ...process.env };
}
