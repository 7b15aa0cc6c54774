import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '@excel2doc/oci';

/**
 * The key that the digests of a Compose project's files are made with: of this workspace, made once,
 * and for nobody else to read. With another one, digests say nothing of those before.
 */
export async function digestKey(folder: string, project: string): Promise<string> {
  const file = join(folder, `${project}.key`);
  const known = await readFile(file, 'utf8').catch(() => '');
  if (known) return known;
  await replaceFile(file, randomBytes(16).toString('hex'), 0o600);
  // Of two that made one at the same moment, the later stays.
  return readFile(file, 'utf8');
}
