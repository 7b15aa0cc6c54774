import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * The key that the digests of a Compose project's files are made with: of this workspace, made once,
 * and for nobody else to read. With another one, digests say nothing of those before.
 */
export async function digestKey(folder: string, project: string): Promise<string> {
  const file = join(folder, `${project}.key`);
  const known = await readFile(file, 'utf8').catch(() => '');
  if (known) return known;
  const made = `${file}.${randomBytes(4).toString('hex')}`;
  await mkdir(folder, { recursive: true });
  await writeFile(made, randomBytes(16).toString('hex'), { mode: 0o600 });
  await rename(made, file);
  // Of two that made one at the same moment, the later stays.
  return readFile(file, 'utf8');
}
