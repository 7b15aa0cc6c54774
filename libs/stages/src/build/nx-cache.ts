import { cp, mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/**
 * Nx restores a hit without looking at what it restores: a damaged entry of its local cache would come
 * back with every run. So a stage that was mended is put into the entry that it came from.
 *
 * @param entry absolute path of the entry, whether it is there or not
 * @param root absolute path of the workspace
 * @param folder of the output, relative to the workspace
 * @returns whether the entry is there
 */
export async function mendCacheEntry(
  entry: string,
  root: string,
  folder: string,
): Promise<boolean> {
  if (!(await isThere(entry))) return false;
  const place = join(entry, folder);
  const draft = `${place}.${process.pid}`;
  await mkdir(dirname(place), { recursive: true });
  try {
    await cp(join(root, folder), draft, { recursive: true, verbatimSymlinks: true });
    await rm(place, { recursive: true, force: true });
    await rename(draft, place);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return true;
}

function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
