import { cp, mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ExecutorContext } from '@nx/devkit';

/**
 * Nx restores a hit without looking at what it restores: a damaged entry of its local cache would come
 * back with every run. So a stage that was mended is put into the entry that it came from.
 *
 * @param folder of the output, relative to the workspace
 * @returns whether this run has such an entry
 */
export async function mendCacheEntry(
  context: ExecutorContext,
  target: string,
  folder: string,
): Promise<boolean> {
  const task = Object.values(context.taskGraph?.tasks ?? {}).find(
    (each) => each.target.project === context.projectName && each.target.target === target,
  );
  if (!task?.hash) return false;
  // Loaded here: it takes half a second, and hardly a run needs it.
  const { cacheDir } = await import('@nx/devkit');
  const entry = join(cacheDir, task.hash, folder);
  if (!(await isThere(join(cacheDir, task.hash)))) return false;
  const draft = `${entry}.${process.pid}`;
  await mkdir(dirname(entry), { recursive: true });
  try {
    await cp(join(context.root, folder), draft, { recursive: true, verbatimSymlinks: true });
    await rm(entry, { recursive: true, force: true });
    await rename(draft, entry);
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
