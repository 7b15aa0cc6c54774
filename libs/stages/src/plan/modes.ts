import type { PlanFile } from '@excel2doc/dockerfile';

/** A file of the context whose mode on the disk is not the one that is taken. */
export interface OtherMode {
  path: string;
  disk: string;
  taken: string;
}

/**
 * The files with the modes that git knows: 0755 for folders and for what its owner may execute, else
 * 0644. A umask takes nothing of that away, so every checkout of a commit has the same.
 *
 * @param isExecutable tells it where the disk does not; by path of the context
 * @see https://git-scm.com/docs/git-fast-import: 100644, 100755 and 120000 are all that git keeps
 */
export function withGitModes(
  files: readonly PlanFile[],
  isExecutable?: (path: string) => boolean,
): PlanFile[] {
  return files.map((file) => ({ ...file, mode: gitMode(file, isExecutable) }));
}

function gitMode({ type, mode, path }: PlanFile, isExecutable?: (path: string) => boolean): string {
  // Of a folder whose content alone is taken the plan says none.
  if (mode === '') return mode;
  if (type === 'directory') return '0755';
  // Systems differ in what they show of a link, and none of them asks it.
  if (type === 'symlink') return '0777';
  const owner = (Number.parseInt(mode, 8) & 0o100) !== 0;
  return (isExecutable && type === 'file' ? isExecutable(path) : owner) ? '0755' : '0644';
}

/** What `withGitModes` changed. */
export function otherModes(onDisk: readonly PlanFile[], taken: readonly PlanFile[]): OtherMode[] {
  return onDisk.flatMap(({ path, mode: disk, type }, at) => {
    const { mode } = taken[at]!;
    return type === 'symlink' || mode === disk ? [] : { path, disk, taken: mode };
  });
}

/** One line of them, by the first. */
export function otherModesText(others: readonly OtherMode[]): string[] {
  const [first, ...more] = others;
  if (!first) return [];
  const rest = more.length > 0 ? ` (and ${more.length} more like it)` : '';
  return [
    `${first.path} has mode ${first.disk} on the disk${rest}; ${first.taken} is taken, as git knows it ("modes": "disk" takes the disk's)`,
  ];
}
