import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, realpathSync, renameSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { workspaceRoot } from './workspace';

export const environmentFile = join(workspaceRoot, 'docker', '.env');

/**
 * Passwords that came in with a later version. Backups are encrypted with the first; the others are
 * given to the database each time that it comes up.
 */
const LATER = ['BACKUP_PASSWORD', 'DATABASE_PASSWORD', 'MIGRATION_PASSWORD', 'MONITORING_PASSWORD'];

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
  const fresh = (names: readonly string[]) => names.map((name) => `${name}=${password()}`);
  if (existsSync(file)) {
    const text = readFileSync(file, 'utf8');
    const values = parseEnv(text);
    const lacking = LATER.filter((name) => values[name] === undefined);
    if (lacking.length === 0) return undefined;
    replace(file, [text.replace(/\n?$/, ''), ...fresh(lacking), ''].join('\n'));
    const keep = lacking.includes('BACKUP_PASSWORD') ? ': keep a copy of it elsewhere' : '';
    return `added ${lacking.join(', ')} to ${file}${keep}`;
  }
  const text = [
    '# Written by `npm start`. Not in git: it holds passwords. Ports can be changed here.',
    // Of this checkout alone: the passwords of another one would meet the volumes of the first.
    `COMPOSE_PROJECT_NAME=${projectName(workspaceRoot)}`,
    'POSTGRES_USER=excel2doc',
    'POSTGRES_DB=excel2doc',
    ...fresh(['POSTGRES_PASSWORD', 'REDIS_PASSWORD', ...LATER]),
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
