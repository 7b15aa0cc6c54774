import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { chmod, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { randomName } from './blob/store';

/**
 * Writes a file beside `path` and gives it that name: a reader sees the old file or the new one, never
 * half of it, and of several that write at one time the last one's stays whole. Its folder is made, and
 * nothing is left beside it where it cannot be written.
 *
 * @param path absolute
 * @param mode of the file, whatever the process's mask; before it has that it is its owner's alone
 */
export async function replaceFile(path: string, text: string, mode?: number): Promise<void> {
  const draft = `${path}.${randomName()}`;
  await mkdir(dirname(path), { recursive: true });
  try {
    await writeFile(draft, text, mode === undefined ? {} : { mode: 0o600 });
    if (mode !== undefined) await chmod(draft, mode);
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

/** `replaceFile` for those that cannot wait. */
export function replaceFileSync(path: string, text: string): void {
  const draft = `${path}.${randomName()}`;
  mkdirSync(dirname(path), { recursive: true });
  try {
    writeFileSync(draft, text);
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}
