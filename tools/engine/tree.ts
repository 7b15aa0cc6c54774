import { access, readFile } from 'node:fs/promises';
import { shell, tried } from '../shell';

/**
 * Deletes `folders`, which may hold root's files, after taking off what is mounted below them: what a
 * killed daemon or mmdebstrap left must not lead `rm` into /proc or another disk.
 */
export async function deleteTrees(folders: string[], asRoot: string[]): Promise<void> {
  const present = await Promise.all(
    folders.map(async (folder) => ((await isThere(folder)) ? [folder] : [])),
  );
  const existing = present.flat();
  if (existing.length === 0) return;
  for (const point of mountsBelow(existing, await readFile('/proc/self/mounts', 'utf8'))) {
    await tried`${asRoot} umount --lazy ${point}`;
  }
  await shell`${asRoot} rm -rf --one-file-system ${existing}`;
}

/** Mount points below any of `folders`, deepest first. @see proc(5): octal escapes in its mounts */
export function mountsBelow(folders: string[], mounts: string): string[] {
  return mounts
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .map((point) =>
      point.replace(/\\(\d{3})/g, (_, code: string) => String.fromCharCode(parseInt(code, 8))),
    )
    .filter((point) => folders.some((folder) => point.startsWith(`${folder}/`)))
    .sort((a, b) => b.length - a.length);
}

export async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
